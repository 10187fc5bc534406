import { defineConfig } from 'vitest/config';
import { NotRunReporter } from './test/packages/not-run-reporter.ts';
import { testTheBuild } from './test/test-the-build.ts';

export default defineConfig({
  plugins: [testTheBuild],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/faults/**'],
    globalSetup: ['test/packages/debian-packages.ts'],
    pool: 'forks',
    // Most of them wait for something else than this machine.
    maxWorkers: 3,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default', new NotRunReporter()],
  },
});
