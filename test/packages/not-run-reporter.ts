import type { Reporter, TestModule, Vitest } from 'vitest/node';

/** Ends a run with the names of the tests that did not run: a package is missing, or a driver differs by its nature. */
export class NotRunReporter implements Reporter {
  #vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.#vitest = vitest;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    // Who asks for some by their names knows that the others do not run.
    if (this.#vitest?.config.testNamePattern) return;
    const names = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map((test) => `${module.relativeModuleId} > ${test.fullName}`),
    );
    if (names.length === 0) return;
    process.stdout.write(['', 'Not run:', ...names.map((name) => `  ${name}`), ''].join('\n'));
  }
}
