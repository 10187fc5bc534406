import { type ConformanceOptions, registerConformance, type SuiteRunner } from './conformance.ts';
import { CANCEL_CASES } from './database/cancel-cases.ts';
import { CLAIM_CASES } from './database/claim-cases.ts';
import { CONCURRENCY_CASES } from './database/concurrency-cases.ts';
import { CONSERVATION_CASES } from './database/conservation-case.ts';
import { DatabaseTester } from './database/database-tester.ts';
import type { DatabaseFactory } from './database/database-under-test.ts';
import { LEASE_CASES } from './database/lease-cases.ts';
import { READ_CASES } from './database/read-cases.ts';
import { RETENTION_CASES } from './database/retention-cases.ts';
import { SCHEDULE_CASES } from './database/schedule-cases.ts';
import { SETTLE_CASES } from './database/settle-cases.ts';

const TOPICS = {
  ...CLAIM_CASES,
  ...SETTLE_CASES,
  ...LEASE_CASES,
  ...CANCEL_CASES,
  ...CONCURRENCY_CASES,
  ...CONSERVATION_CASES,
  ...SCHEDULE_CASES,
  ...RETENTION_CASES,
  ...READ_CASES,
};

/** Registers what every Database has to do. */
export function databaseConformance(
  runner: SuiteRunner,
  name: string,
  factory: DatabaseFactory,
  options: ConformanceOptions = {},
): void {
  registerConformance(runner, `${name} database`, TOPICS, {
    ...options,
    open: async () => new DatabaseTester(await factory()),
    close: async (tester) => {
      await tester.database.close();
      await tester.subject.dispose();
    },
  });
}
