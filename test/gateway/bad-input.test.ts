import { describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/core/errors.ts';
import { expectProblem } from './problem.ts';
import { INPUT, startGateway } from './start-gateway.ts';

const OK = JSON.stringify(INPUT);
const withText = (json: string): string => `{"url":"https://example.com","deep":${json}}`;

describe('a bad body', () => {
  it.each<[what: string, code: ErrorCode, body: string | Buffer]>([
    ['empty', 'SLUICE_BODY_NOT_JSON', ''],
    ['cut off', 'SLUICE_BODY_NOT_JSON', '{"url":'],
    ['with a string that does not end', 'SLUICE_BODY_NOT_JSON', '"abc\\"'],
    ['with a byte order mark', 'SLUICE_BODY_NOT_JSON', `\uFEFF${OK}`],
    ['that is not UTF-8', 'SLUICE_BODY_NOT_JSON', Buffer.from(OK.replace('a.png', '\xff'), 'latin1')],
    ['in UTF-16', 'SLUICE_BODY_NOT_JSON', Buffer.from(OK, 'utf16le')],
    ['with a raw NUL', 'SLUICE_BODY_NOT_JSON', withText('"\0"')],
    ['nested too deep in arrays', 'SLUICE_BODY_TOO_DEEP', withText('['.repeat(64) + ']'.repeat(64))],
    ['nested too deep in objects', 'SLUICE_BODY_TOO_DEEP', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`],
    ['nested very deep and cut off', 'SLUICE_BODY_TOO_DEEP', '['.repeat(200_000)],
    ['too large', 'SLUICE_BODY_TOO_LARGE', withText(JSON.stringify('x'.repeat(256 * 1024)))],
    ['with an escaped NUL', 'SLUICE_TEXT_UNSTORABLE', withText('"a\\u0000"')],
    ['with a lone high surrogate', 'SLUICE_TEXT_UNSTORABLE', withText('"\\ud83d"')],
    ['with a lone low surrogate', 'SLUICE_TEXT_UNSTORABLE', withText('"\\uDE00"')],
    ['with a NUL in a key', 'SLUICE_TEXT_UNSTORABLE', withText('{"\\u0000":1}')],
    ['of the wrong type', 'SLUICE_INPUT_INVALID', '[]'],
    ['null', 'SLUICE_INPUT_INVALID', 'null'],
    ['that is only a prototype', 'SLUICE_INPUT_INVALID', `{"__proto__":${OK}}`],
  ])('%s is refused: %s', async (_what, code, body) => {
    const { post, queue, logged } = await startGateway();
    await expectProblem(await post('resize', body), code);
    expect(queue.messages).toEqual([]);
    expect(logged).toEqual([]);
  });

  it.each([
    ['nested to the limit', withText('['.repeat(63) + ']'.repeat(63))],
    ['with brackets in strings', withText(JSON.stringify('[{"'.repeat(100)))],
    ['with whole surrogate pairs', withText('"\\ud83d\\ude00"')],
    ['with an escaped backslash before u0000', withText('"\\\\u0000"')],
  ])('is not one that is %s', async (_what, body) => {
    const { post, queue } = await startGateway();
    expect((await post('resize', body)).status).toBe(202);
    expect(queue.messages[0]?.input).toBe(body);
  });

  it('is told by a JSON pointer for everything that is wrong', async () => {
    const { post } = await startGateway();
    const input = { width: 0.5, 'a/b~c': 'x', tags: ['a', 1, 2] };
    const { errors } = await expectProblem(await post('resize', input), 'SLUICE_INPUT_INVALID');
    const pointers = (errors as { pointer: string }[]).map(({ pointer }) => pointer);
    expect(new Set(pointers)).toEqual(new Set(['/url', '/width', '/a~1b~0c', '/tags/1', '/tags/2']));
  });

  it.each<[code: ErrorCode, body: (wrong: number) => string]>([
    ['SLUICE_INPUT_INVALID', (wrong) => `{"url":"https://example.com","tags":[${'1,'.repeat(wrong)}"ok"]}`],
    ['SLUICE_TEXT_UNSTORABLE', (wrong) => withText(`[${String.raw`"\u0000",`.repeat(wrong)}"ok"]`)],
  ])('is told a hundred errors at most, and that there are more: %s', async (code, body) => {
    const { post } = await startGateway();
    const told = async (wrong: number): Promise<unknown[]> => {
      const problem = await expectProblem(await post('resize', body(wrong)), code);
      return [(problem['errors'] as unknown[]).length, problem['moreErrors']];
    };
    expect(await told(100)).toEqual([100, undefined]);
    expect(await told(101)).toEqual([100, true]);
    const [listed, more] = await told(25_000);
    expect(listed).toBeGreaterThanOrEqual(1);
    expect(listed).toBeLessThanOrEqual(100);
    expect(more).toBe(true);
  });

  it('is told by a pointer to each string that can not be stored', async () => {
    const { post } = await startGateway();
    const body = '{"url":"https://example.com","deep":{"a/b":["x","\\u0000"],"k\\ud800":1}}';
    const { errors } = await expectProblem(await post('resize', body), 'SLUICE_TEXT_UNSTORABLE');
    expect(errors).toEqual([
      { pointer: '/deep/a~1b/1', message: 'holds NUL (\\u0000)' },
      { pointer: '/deep', message: 'has a key that holds half of a surrogate pair' },
    ]);
  });

  it('is too large when it comes in chunks without a length, too', async () => {
    const { url } = await startGateway({ limits: { maxBodyBytes: 1000 } });
    const body = new ReadableStream({
      start(controller) {
        for (let chunks = 0; chunks < 20; chunks++) controller.enqueue(new Uint8Array(100).fill(0x20));
        controller.close();
      },
    });
    const request = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' };
    const response = await fetch(`${url}/v1/tasks/resize`, request as RequestInit);
    expect(response.status).toBe(413);
    await expectProblem(response, 'SLUICE_BODY_TOO_LARGE');
  });

  it.each([
    ['text/plain', {}],
    ['application/x-www-form-urlencoded', {}],
    ['nonsense', {}],
    ['application/json', { 'content-encoding': 'gzip' }],
  ])('has a type that is not taken: %s %o', async (type, headers) => {
    const { post, queue } = await startGateway();
    const response = await post('resize', INPUT, { 'content-type': type, ...headers });
    await expectProblem(response, 'SLUICE_MEDIA_TYPE_UNSUPPORTED');
    expect(queue.messages).toEqual([]);
  });

  it('has a type that is taken when it names its charset', async () => {
    const { post } = await startGateway();
    const response = await post('resize', INPUT, { 'content-type': 'application/json; charset=utf-8' });
    expect(response.status).toBe(202);
  });

  it('is missing', async () => {
    const { url } = await startGateway();
    const response = await fetch(`${url}/v1/tasks/resize`, { method: 'POST' });
    expect(response.status).toBe(400);
    await expectProblem(response, 'SLUICE_BODY_NOT_JSON');
  });
});

describe('a bad request', () => {
  it.each(['nothing', 'constructor', 'Resize', 'x'.repeat(99), 'x'.repeat(500), '%00', '..%2f'])(
    'for a task that is not there is refused: %s',
    async (name) => {
      const { post, queue } = await startGateway();
      const response = await post(name, INPUT);
      await expectProblem(response, name.length > 100 ? 'SLUICE_ROUTE_NOT_FOUND' : 'SLUICE_TASK_UNKNOWN');
      expect(queue.messages).toEqual([]);
    },
  );

  it.each<[query: string, code: ErrorCode]>([
    ['delay=5', 'SLUICE_OPTION_INVALID'],
    ['delay=-5s', 'SLUICE_OPTION_INVALID'],
    ['delay=', 'SLUICE_OPTION_INVALID'],
    ['delay=99999999d', 'SLUICE_OPTION_INVALID'],
    ['delay=1s&delay=2s', 'SLUICE_OPTION_INVALID'],
    ['delay=1s&runAt=2100-01-01T00:00:00Z', 'SLUICE_OPTION_INVALID'],
    ['runAt=tomorrow', 'SLUICE_OPTION_INVALID'],
    ['runAt=2100-02-30T00:00:00Z', 'SLUICE_OPTION_INVALID'],
    ['runAt=2100-01-01T00:00:00', 'SLUICE_OPTION_INVALID'],
    ['runAt=4102444800000', 'SLUICE_OPTION_INVALID'],
    ['priority=urgent', 'SLUICE_OPTION_INVALID'],
    ['priority=', 'SLUICE_OPTION_INVALID'],
    ['key=', 'SLUICE_OPTION_INVALID'],
    ['key=a%00b', 'SLUICE_OPTION_INVALID'],
    [`key=${'x'.repeat(129)}`, 'SLUICE_OPTION_INVALID'],
    ['tag=', 'SLUICE_OPTION_INVALID'],
    ['tag=a,b', 'SLUICE_OPTION_INVALID'],
    [Array.from({ length: 11 }, (_, at) => `tag=${at}`).join('&'), 'SLUICE_OPTION_INVALID'],
    ['deadline=soon', 'SLUICE_OPTION_INVALID'],
    ['deadline=2001-01-01T00:00:00Z', 'SLUICE_DEADLINE_INVALID'],
    ['deadline=0s', 'SLUICE_DEADLINE_INVALID'],
    ['deadline=5m&delay=10m', 'SLUICE_DEADLINE_INVALID'],
    ['deadline=5m&delay=5m', 'SLUICE_DEADLINE_INVALID'],
    ['dely=5s', 'SLUICE_PARAMETER_UNKNOWN'],
    ['__proto__=1', 'SLUICE_PARAMETER_UNKNOWN'],
  ])('with the query %s is refused: %s', async (query, code) => {
    const { post, queue } = await startGateway();
    await expectProblem(await post(`resize?${query}`, INPUT), code);
    expect(queue.messages).toEqual([]);
  });

  it.each(['wait=soon', 'wait=-1', 'wait=1.5', 'wait="', '=5', 'a b', 'respond-async, wait=x'])(
    'with Prefer: %s is refused',
    async (prefer) => {
      const { post, get, queue, mint } = await startGateway();
      await expectProblem(await post('resize', INPUT, { prefer }), 'SLUICE_OPTION_INVALID');
      await expectProblem(await get(`/v1/tasks/${mint().text}`, { prefer }), 'SLUICE_OPTION_INVALID');
      expect(queue.messages).toEqual([]);
    },
  );

  it.each(['""', '"a', 'a b', 'a, b', '"a", "b"', 'x'.repeat(256), '"\\x"', 'ü', ''])(
    'with Idempotency-Key: %s is refused',
    async (key) => {
      const { post, queue } = await startGateway();
      const response = await post('resize', INPUT, { 'idempotency-key': key });
      await expectProblem(response, 'SLUICE_IDEMPOTENCY_KEY_INVALID');
      expect(queue.messages).toEqual([]);
    },
  );

  it.each(['/', '/v1', '/V1/tasks', '/v1/tasks/a/b', '/v1/tasks/a/result/', '/favicon.ico'])(
    'for a path that is none is refused: %s',
    async (path) => {
      const { get } = await startGateway();
      const response = await get(path);
      expect(response.status).toBe(404);
      await expectProblem(response, 'SLUICE_ROUTE_NOT_FOUND');
    },
  );

  it('for a path that is badly encoded is refused', async () => {
    const { get } = await startGateway();
    const response = await get('/v1/tasks/%zz');
    expect(response.status).toBe(400);
    await expectProblem(response, 'SLUICE_REQUEST_MALFORMED');
  });

  it.each([
    ['DELETE', '/v1/tasks/resize', 'GET, HEAD, POST'],
    ['PUT', '/v1/tasks', 'GET, HEAD'],
    ['GET', '/v1/tasks/resize/cancel', 'POST'],
    ['POST', '/livez', 'GET, HEAD'],
    ['OPTIONS', '/openapi.json', 'GET, HEAD'],
  ])('by a method that is not allowed is told which are: %s %s', async (method, path, allow) => {
    const { url } = await startGateway();
    const response = await fetch(url + path, { method });
    expect(response.headers.get('allow')).toBe(allow);
    await expectProblem(response, 'SLUICE_METHOD_NOT_ALLOWED');
  });

  it('that meets a fault of our own is told nothing of it, and the log everything', async () => {
    const { get, database, logged } = await startGateway();
    database.list = () => {
      throw new Error('the secret reason');
    };
    const response = await get('/v1/tasks');
    const body = await expectProblem(response, 'SLUICE_INTERNAL');
    expect(JSON.stringify(body)).not.toContain('secret');
    expect(logged).toEqual([expect.stringContaining('the secret reason')]);
  });
});
