import { type ConformanceOptions, registerConformance, type SuiteRunner } from './conformance.ts';
import { DELIVERY_CASES } from './queue/delivery-cases.ts';
import { DURABILITY_CASES } from './queue/durability-cases.ts';
import { LIMIT_CASES } from './queue/limit-cases.ts';
import { QueueTester } from './queue/queue-tester.ts';
import type { QueueFactory } from './queue/queue-under-test.ts';

/** Registers what every Queue has to do. */
export function queueConformance(
  runner: SuiteRunner,
  name: string,
  factory: QueueFactory,
  options: ConformanceOptions = {},
): void {
  const topics = { ...DELIVERY_CASES, ...DURABILITY_CASES, ...LIMIT_CASES };
  registerConformance(runner, `${name} queue`, topics, {
    ...options,
    open: () => new QueueTester(factory),
    close: (tester) => tester.close(),
  });
}
