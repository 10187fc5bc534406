import { SluiceError } from './errors.ts';

/** An import that leads to no installed package. */
export interface MissingImport {
  /** What is imported, such as `zod` or `@scope/name/file.js`. */
  readonly specifier: string;
  /** The file that imports it, with the line where that is known. */
  readonly importer: string;
}

/** `SLUICE_PACKAGE_MISSING`: what is not installed, who imports it, and what to do. */
export function packageMissing(imports: readonly MissingImport[], options?: ErrorOptions): SluiceError {
  const firstImporters = new Map<string, string>();
  for (const { specifier, importer } of imports) {
    const name = packageOf(specifier);
    if (!firstImporters.has(name)) firstImporters.set(name, importer);
  }
  const told = [...firstImporters].map(([name, importer]) => `"${name}" (imported at ${importer})`);
  const data = { imports: told.join(', '), packages: [...firstImporters.keys()].join(' ') };
  return new SluiceError('SLUICE_PACKAGE_MISSING', data, options);
}

/** The name of the package that a bare specifier begins with. */
export function packageOf(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
