import { defineConfig } from 'vitest/config';
import { testTheBuild } from './test/test-the-build.ts';

export default defineConfig({
  plugins: [testTheBuild],
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/faults/**'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
});
