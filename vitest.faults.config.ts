import { defineConfig } from 'vitest/config';
import { NotRunReporter } from './test/packages/not-run-reporter.ts';
import { testTheBuild } from './test/test-the-build.ts';

/** The cluster under load while its parts are broken, one file after the other: each takes the whole machine. */
export default defineConfig({
  plugins: [testTheBuild],
  test: {
    include: ['test/faults/*.test.ts'],
    fileParallelism: false,
    globalSetup: ['test/packages/debian-packages.ts'],
    pool: 'forks',
    testTimeout: 600_000,
    hookTimeout: 300_000,
    reporters: ['verbose', new NotRunReporter()],
    disableConsoleIntercept: true,
  },
});
