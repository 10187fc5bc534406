import { expect, onTestFinished, test } from 'vitest';
import { createSluice, type Sluice, type SluiceOptions } from '../../src/index.ts';
import { project, write } from '../project.ts';
import { Client } from './client.ts';
import { temporaryFolder } from './server.ts';

async function embedded(options: SluiceOptions): Promise<Sluice> {
  const sluice = await createSluice({ runners: 1, ...options });
  onTestFinished(() => sluice.close(0));
  return sluice;
}

function inQueue(queue: string): string {
  return `import { task } from 'sluice';
    export const job = task('job', { input: {}, queue: '${queue}', run: () => '${queue}' });`;
}

test('what waits in a queue that no definition names any more is run all the same', async () => {
  const tasks = project({ 'package.json': '{"type":"module"}', 'job.ts': inQueue('before') });
  const data = temporaryFolder();
  const first = await embedded({ tasks, data, queues: ['another'] });
  const { id } = await first.enqueue('job', {});
  await first.close(0);

  write(tasks, 'job.ts', inQueue('after'));
  const second = await embedded({ tasks, data });
  const client = new Client((await second.listen({ host: '127.0.0.1', port: 0 })).url);
  expect(await client.end(id)).toMatchObject({ status: 'succeeded', result: 'after' });
});

test('a task that is moved to another queue while the server runs is taken from both', async () => {
  const tasks = project({ 'package.json': '{"type":"module"}', 'job.ts': inQueue('before') });
  const data = temporaryFolder();
  let reloaded: () => void = () => undefined;
  const reload = new Promise<void>((resolve) => {
    reloaded = resolve;
  });
  const sluice = await embedded({ tasks, data, watch: true, onReload: () => reloaded() });
  const later = await sluice.enqueue('job', {}, { delay: '3s' });
  write(tasks, 'job.ts', inQueue('after'));
  await reload;
  const sooner = await sluice.enqueue('job', {});
  const client = new Client((await sluice.listen({ host: '127.0.0.1', port: 0 })).url);
  for (const { id } of [later, sooner]) {
    expect(await client.end(id)).toMatchObject({ status: 'succeeded', result: 'after' });
  }
});
