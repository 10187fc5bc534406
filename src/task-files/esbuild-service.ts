import type * as Esbuild from 'esbuild';
import { messageOf, SluiceError } from '../core/errors.ts';
import { type MissingImport, packageMissing } from '../core/missing-package.ts';

let users = 0;

/**
 * Lends esbuild to `use`, loaded only now. Its service process takes memory, so it is stopped when nobody uses it any
 * more.
 * @throws SluiceError `SLUICE_TASKS_BUILD_FAILED`
 */
export async function withEsbuild<T>(use: (esbuild: typeof Esbuild) => Promise<T>): Promise<T> {
  const { esbuild, release } = await borrowEsbuild();
  try {
    return await use(esbuild);
  } finally {
    await release();
  }
}

/** Lends esbuild until `release` is called. */
export async function borrowEsbuild(): Promise<{
  readonly esbuild: typeof Esbuild;
  readonly release: () => Promise<void>;
}> {
  const esbuild = await loadEsbuild();
  users += 1;
  return {
    esbuild,
    release: async () => {
      users -= 1;
      if (users === 0) await esbuild.stop();
    },
  };
}

async function loadEsbuild(): Promise<typeof Esbuild> {
  try {
    return await import('esbuild');
  } catch (error) {
    throw new SluiceError(
      'SLUICE_TASKS_BUILD_FAILED',
      { reason: `esbuild is not installed for this system: ${messageOf(error)}` },
      { cause: error },
    );
  }
}

/**
 * What is wrong with the sources, as esbuild shows it: file, line and the code around it; or what is not installed,
 * where nothing else is wrong. A failure of another kind keeps its own message.
 */
export async function buildFailure(esbuild: typeof Esbuild, error: unknown): Promise<SluiceError> {
  if (SluiceError.is(error)) return error;
  const errors = (error as Partial<Esbuild.BuildFailure>).errors;
  const absent = errors?.flatMap(missingOf) ?? [];
  if (absent.length > 0 && absent.length === errors?.length) return packageMissing(absent, { cause: error });
  const reason = errors?.length
    ? (await esbuild.formatMessages(errors, { kind: 'error', color: false })).join('\n').trim()
    : messageOf(error);
  return new SluiceError('SLUICE_TASKS_BUILD_FAILED', { reason }, { cause: error });
}

function missingOf({ detail, location }: Esbuild.Message): MissingImport[] {
  const specifier: unknown = (detail as { missing?: unknown } | undefined)?.missing;
  if (typeof specifier !== 'string') return [];
  return [{ specifier, importer: location ? `${location.file}:${location.line}` : 'the task files' }];
}
