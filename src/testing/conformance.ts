/** What a suite needs of a test framework: `{ describe, it }` of vitest, of node:test or of another. */
export interface SuiteRunner {
  describe(name: string, body: () => void): unknown;
  readonly it: {
    (name: string, body: () => Promise<void>): unknown;
    skip(name: string, body: () => Promise<void>): unknown;
  };
}

export interface ConformanceOptions {
  /** The tests that a driver does not pass by its nature: name of the test, and the reason. */
  readonly skips?: Readonly<Record<string, string>>;
}

/** Tests by topic: what the driver is held to, and the proof. Each gets a subject of its own. */
export type Topics<S> = Readonly<
  Record<string, Readonly<Record<string, (subject: S) => Promise<void> | void>>>
>;

/** How each test comes by its subject, and what becomes of it. */
export interface SubjectLife<S> {
  readonly open: () => Promise<S> | S;
  readonly close: (subject: S) => Promise<void>;
}

/** Registers the tests of one contract for one driver. */
export function registerConformance<S>(
  runner: SuiteRunner,
  title: string,
  topics: Topics<S>,
  { open, close, skips = {} }: ConformanceOptions & SubjectLife<S>,
): void {
  refuseUnknown(Object.keys(skips), topics);
  runner.describe(title, () => {
    for (const [topic, tests] of Object.entries(topics)) {
      runner.describe(topic, () => {
        for (const [name, prove] of Object.entries(tests)) {
          const reason = skips[name];
          const run = async (): Promise<void> => {
            const subject = await open();
            try {
              await prove(subject);
            } finally {
              await close(subject);
            }
          };
          if (reason === undefined) runner.it(name, run);
          else runner.it.skip(`${name} (skipped: ${reason})`, run);
        }
      });
    }
  });
}

/** A skip that names no test would hide that its test has been renamed. */
function refuseUnknown<S>(skipped: readonly string[], topics: Topics<S>): void {
  const known = new Set(Object.values(topics).flatMap((tests) => Object.keys(tests)));
  const unknown = skipped.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Error(`skips name tests that do not exist: ${unknown.join('; ')}`);
}
