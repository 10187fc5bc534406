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
    // They wait for processes more than for each other; a third file at a time only made all of them slower.
    maxWorkers: 2,
    testTimeout: 180_000,
    hookTimeout: 120_000,
    reporters: ['default', new NotRunReporter()],
  },
});
