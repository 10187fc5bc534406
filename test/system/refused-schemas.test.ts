import { expect, onTestFinished, test } from 'vitest';
import { createSluice, type Sluice, type SluiceOptions } from '../../src/index.ts';
import { project, write } from '../project.ts';
import { Client } from './client.ts';
import { temporaryFolder } from './server.ts';

const GOOD = '{}';
const BAD = `{ type: 'no-type' }`;

async function embedded(options: SluiceOptions): Promise<Sluice> {
  const sluice = await createSluice({ runners: 1, ...options });
  onTestFinished(() => sluice.close(0));
  return sluice;
}

function source(side: 'input' | 'output', schema: string): string {
  return `import { task } from 'sluice';
    export const job = task('job', { input: {}, ${side}: ${schema}, run: () => ${JSON.stringify(schema)} });`;
}

test.each(['input', 'output'] as const)(
  'a reload with an %s schema that is none leaves the old code in use',
  async (side) => {
    const tasks = project({ 'package.json': '{"type":"module"}', 'job.ts': source(side, GOOD) });
    let reloaded: (error: unknown) => void = () => undefined;
    const reload = new Promise<unknown>((resolve) => {
      reloaded = resolve;
    });
    const sluice = await embedded({ tasks, data: temporaryFolder(), watch: true, onReload: reloaded });
    write(tasks, 'job.ts', source(side, BAD));
    expect(await reload).toMatchObject({ code: 'SLUICE_SCHEMA_UNSUPPORTED', data: { side } });
    const { id } = await sluice.enqueue('job', {});
    const client = new Client((await sluice.listen({ host: '127.0.0.1', port: 0 })).url);
    expect(await client.end(id)).toMatchObject({ status: 'succeeded', result: GOOD });
  },
);

test.each(['input', 'output'] as const)(
  'a server that refuses to start for an %s schema that is none runs nothing before',
  async (side) => {
    const tasks = project({ 'package.json': '{"type":"module"}', 'job.ts': source(side, GOOD) });
    const data = temporaryFolder();
    const first = await embedded({ tasks, data, queues: ['another'] });
    const ids = await Promise.all(Array.from({ length: 20 }, () => first.enqueue('job', {})));
    await first.close(0);

    write(tasks, 'job.ts', source(side, BAD));
    await expect(embedded({ tasks, data })).rejects.toMatchObject({ code: 'SLUICE_SCHEMA_UNSUPPORTED' });
    write(tasks, 'job.ts', source(side, GOOD));
    const last = await embedded({ tasks, data });
    const client = new Client((await last.listen({ host: '127.0.0.1', port: 0 })).url);
    for (const { id } of ids) expect(await client.end(id)).toMatchObject({ status: 'succeeded', run: 1 });
  },
);
