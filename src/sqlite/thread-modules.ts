import type { OperationModule } from './operation-module.ts';

/** Imports the operation modules that a thread is told to serve. */
export async function loadModules(urls: readonly string[]): Promise<OperationModule[]> {
  const loaded = await Promise.all(
    urls.map((url) => import(url) as Promise<{ readonly operationModule: OperationModule }>),
  );
  return loaded.map(({ operationModule }) => operationModule);
}
