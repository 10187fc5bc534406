import { DuePublisher } from './due-publisher.ts';
import { Connectivity } from './connectivity.ts';
import { FollowUpPublisher } from './follow-up-publisher.ts';
import { Loop, type Service } from './loop.ts';
import { QueueReconciler } from './queue-reconciler.ts';
import { Republisher } from './republisher.ts';
import { RetentionSweeper } from './retention-sweeper.ts';
import { RunRecoverer } from './run-recoverer.ts';
import type { SchedulerOptions } from './scheduler-options.ts';

/** Brings waiting tasks back into the queue, and removes ended ones. Any number of processes may do it together. */
export interface Scheduler {
  /** Something may be due: look at once. */
  wake(): void;
  /** Resolves when what was under way is finished. */
  close(): Promise<void>;
}

/**
 * Starts all that has to happen without anybody asking for it.
 * @throws SluiceError of the database, where `alone` is set and what was running can not be recovered
 */
export async function startScheduler(options: SchedulerOptions): Promise<Scheduler> {
  const { clock, logger } = options;
  const connectivity = new Connectivity(clock);
  const republisher = new Republisher(options);
  const publishing = new Loop(new DuePublisher(options, republisher, connectivity), logger);
  const onScheduled = (): void => publishing.wake();
  const recoverer = new RunRecoverer({ ...options, onScheduled, connectivity });
  try {
    if (options.alone) await recoverer.recoverAll();
  } catch (error) {
    await publishing.close();
    throw error;
  }
  const services: Service[] = [
    recoverer,
    new FollowUpPublisher(options, republisher),
    new QueueReconciler({ ...options, onScheduled }),
    new RetentionSweeper(options),
  ];
  const loops = [publishing, ...services.map((service) => new Loop(service, logger))];
  for (const loop of loops) loop.wake();
  return {
    wake: onScheduled,
    close: async () => {
      await Promise.all(loops.map((loop) => loop.close()));
    },
  };
}
