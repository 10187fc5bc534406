import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test, vi } from 'vitest';
import { project } from '../project.ts';
import { blocks, page, ROOT } from './markdown.ts';

const README = page('README.md');

/** A request of the README: its curl line, and what it shows as the answer. */
interface Shown {
  readonly curl: string;
  readonly answer: string;
}

test('its task is the one in the examples', () => {
  expect(blocks(README, 'ts')).toEqual([page('examples/readme/thumbnail.ts')]);
});

test('its requests give the answers that it shows', async () => {
  const requests = blocks(README, 'console')
    .flatMap((block) => block.split(/^\$ /m))
    .filter((text) => text !== '')
    .map((text): Shown => {
      const end = text.indexOf('\n');
      return { curl: text.slice(0, end), answer: text.slice(end + 1).trim() };
    });
  const [accept, result] = requests;
  expect(requests).toHaveLength(2);
  const { url, photo } = await example();
  const local = (text: string): string =>
    text.replace('http://127.0.0.1:7070', url).replace('http://127.0.0.1:7072/alps.jpg', photo);

  const accepted = await send(local(accept?.curl ?? ''));
  const text = await accepted.text();
  const { id } = JSON.parse(text) as { id: string };
  const location = accepted.headers.get('location') ?? '';
  expect(alike(`HTTP/1.1 ${accepted.status} Accepted\nlocation: ${location}\n\n${text}`)).toBe(
    alike(accept?.answer ?? ''),
  );
  const finished = await send(local(result?.curl ?? '').replace(/tsk_[\w-]{36}/, id));
  expect(await finished.text()).toBe(result?.answer);
});

test('its commands exist', () => {
  const { scripts } = JSON.parse(page('package.json')) as { scripts: Record<string, string> };
  const commands = blocks(README, 'sh').join('');
  expect(commands).toContain('npm ci && npm run example\n');
  expect(commands).toContain('npm ci && npm run demo\n');
  expect(commands).toContain('npm ci && npm test\n');
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'example', 'test']));
  expect(README.split('\n').length).toBeLessThan(120);
});

/** The request that a line of curl makes. */
async function send(curl: string): Promise<Response> {
  const [, address = ''] = /(http\S+)/.exec(curl) ?? [];
  const headers = [...curl.matchAll(/-H '([^:]+): ([^']+)'/g)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
  const body = /-d '([^']+)'/.exec(curl)?.[1];
  return fetch(address, {
    headers: Object.fromEntries(headers) as Record<string, string>,
    ...(body === undefined ? {} : { method: 'POST', body }),
  });
}

/** What `npm run example` starts, once it is built. */
async function example(): Promise<{ url: string; photo: string }> {
  const args = ['scripts/example.mjs', '--data', project({}), '--port', '0', '--metrics-port', '0'];
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, PHOTO_PORT: '0' } });
  onTestFinished(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  return vi.waitFor(() => {
    const [, photo] = /photograph is at (\S+)/.exec(said) ?? [];
    const [, url] = /ready at (\S+)\n/.exec(said) ?? [];
    if (photo === undefined || url === undefined) throw new Error(said);
    return { url, photo };
  }, 30_000);
}

/** Without what differs from task to task. */
function alike(answer: string): string {
  return answer.replaceAll(/tsk_[\w-]{36}/g, 'tsk_').replaceAll(/"20\d\d-[^"]+"/g, '"time"');
}
