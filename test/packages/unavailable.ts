import { inject } from 'vitest';
import type { DebianPackage } from './debian-packages.ts';

/**
 * Whether tests that need these packages can not run; such tests are told by name at the end of the run. In continuous
 * integration they run, and fail.
 */
export function unavailable(...packages: readonly DebianPackage[]): boolean {
  const missing = inject('missingPackages');
  return !process.env['CI'] && packages.some((name) => missing.includes(name));
}
