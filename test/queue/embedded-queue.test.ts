import { describe, it } from 'vitest';
import { EMBEDDED_QUEUE_MODULE, EmbeddedQueue } from '../../src/queue/embedded/embedded-queue.ts';
import { queueConformance } from '../../src/testing/queue-conformance.ts';
import { StoreFolder } from '../sqlite/store-folder.ts';

queueConformance({ describe, it }, 'embedded', async (limits) => {
  const folder = await StoreFolder.make([EMBEDDED_QUEUE_MODULE]);
  let queue = await EmbeddedQueue.open({ store: folder.store, ...limits });
  return {
    queue,
    reopen: async (how) => {
      if (how === 'close') await queue.close();
      queue = await EmbeddedQueue.open({ store: await folder.reopen(how), ...limits });
      return queue;
    },
    dispose: () => folder.remove(),
  };
});
