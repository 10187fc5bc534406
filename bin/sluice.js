#!/usr/bin/env node
// Lies here, and not in what is built, so that "npm ci" can link it before anything is.
import '../dist/cli/main.js';
