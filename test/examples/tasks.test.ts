import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { serving, sluice } from '../cli/cli.ts';
import { project } from '../project.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

async function run(tasks: string, task: string, input: object): Promise<Record<string, unknown>> {
  const folder = project({});
  const options = { cwd: ROOT, env: { EXAMPLES_OUT: join(folder, 'out') } };
  const { url } = await serving(['start', tasks, '--data', join(folder, 'data')], options);
  const args = ['enqueue', task, JSON.stringify(input), '--wait', '30s', '--url', url];
  const { stdout, stderr } = await sluice(args);
  expect(stderr).toMatch(/^queued as tsk_/);
  return JSON.parse(stdout) as Record<string, unknown>;
}

test('the thumbnail task makes a small picture of a real one', async () => {
  const result = await run('examples', 'thumbnail', { picture: 'alps', width: 120 });
  const picture = readFileSync(String(result['file']));
  expect(picture.toString('latin1', 0, 16)).toMatch(/^RIFF.{4}WEBPVP8 $/s);
  // The frame header of VP8 has them at these places, in 14 bits each: RFC 6386 section 9.1.
  const size = { width: picture.readUInt16LE(26) & 0x3fff, height: picture.readUInt16LE(28) & 0x3fff };
  expect(size).toEqual({ width: 120, height: result['height'] });
});

test('the report task sums up real data', async () => {
  const result = await run('examples', 'report', { city: 'Seattle', year: 2012 });
  expect(result).toMatchObject({ days: 366, rainiestMonth: '2012-11' });
  const [head, january, ...rest] = readFileSync(String(result['file']), 'utf8').trim().split('\n');
  expect(head).toBe('month,days,rain,warmest,coldest');
  expect(january).toMatch(/^2012-01,31,173\.3,/);
  expect(rest).toHaveLength(11);
});
