import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where the example tasks write their files. */
export const outFolder = process.env['EXAMPLES_OUT'] ?? join(tmpdir(), 'sluice-examples');
