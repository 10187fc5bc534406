import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { ApiKeys } from '../../src/gateway/accept/api-keys.ts';
import type { TaskResource } from '../../src/gateway/read/task-resource.ts';
import { recordOf } from './fakes.ts';
import { expectProblem } from './problem.ts';
import { rawConnection } from './raw-connection.ts';
import { INPUT, startGateway } from './start-gateway.ts';

const KEY = 'slc_live_0123456789abcdef';
const OTHER_KEY = 'slc_live_fedcba9876543210';

/** Longer than any test. */
const LONG_MS = 600_000;

/** The one response in `text`. */
function parse(text: string): { status: number; headers: string; body: Record<string, unknown> } {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return {
    status: Number(head.slice(9, 12)),
    headers: head,
    body: JSON.parse(body) as Record<string, unknown>,
  };
}

describe('the connection', () => {
  it.each([
    ['what is no HTTP', 'hello\r\n\r\n', 400, 'SLUICE_REQUEST_MALFORMED'],
    [
      'two Host headers',
      'GET /livez HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n',
      400,
      'SLUICE_REQUEST_MALFORMED',
    ],
    ['no Host header', 'GET /livez HTTP/1.1\r\n\r\n', 400, 'SLUICE_REQUEST_MALFORMED'],
    [
      'a length and chunks',
      'POST /v1/tasks/resize HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
      'SLUICE_REQUEST_MALFORMED',
    ],
    [
      'headers that are too large',
      `GET /livez HTTP/1.1\r\nHost: a\r\nX-Large: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'SLUICE_HEADERS_TOO_LARGE',
    ],
    [
      'an expectation that it does not know',
      'GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: miracles\r\n\r\n',
      404,
      'SLUICE_ROUTE_NOT_FOUND',
    ],
  ])('answers %s with a problem', async (_what, request, status, code) => {
    const { port } = await startGateway();
    const { socket, received, closed } = await rawConnection(port);
    socket.end(request);
    await closed;
    const response = parse(received());
    expect(response).toMatchObject({ status, body: { status, code } });
    expect(response.headers.toLowerCase()).toContain('content-type: application/problem+json');
  });

  it.each([
    ['nothing', ''],
    ['slow headers', 'POST /v1/tasks/resize HTTP/1.1\r\nHost: a\r\n'],
    [
      'a slow body',
      'POST /v1/tasks/resize HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    ],
  ])('is given up with 408 when it brings %s', async (_what, request) => {
    const { port } = await startGateway({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 } });
    const { socket, received, closed } = await rawConnection(port);
    socket.write(request);
    await closed;
    expect(parse(received())).toMatchObject({ status: 408, body: { code: 'SLUICE_REQUEST_TIMEOUT' } });
  });

  it('closes after a body that is too large, since nobody reads the rest', async () => {
    const { port } = await startGateway();
    const { socket, received, closed } = await rawConnection(port);
    socket.write(
      'POST /v1/tasks/resize HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{',
    );
    await closed;
    expect(parse(received())).toMatchObject({ status: 413, body: { code: 'SLUICE_BODY_TOO_LARGE' } });
  });

  it('answers HEAD like GET, without a body', async () => {
    const { url, mint } = await startGateway();
    const response = await fetch(`${url}/v1/tasks/${mint().text}`, { method: 'HEAD' });
    expect([response.status, response.headers.get('etag'), await response.text()]).toEqual([200, '"1"', '']);
  });

  it('serves several requests, one after another', async () => {
    const { port, mint } = await startGateway();
    const { socket, received } = await rawConnection(port);
    const request = `GET /v1/tasks/${mint().text} HTTP/1.1\r\nHost: a\r\n\r\n`;
    socket.write(request + request);
    await expect.poll(() => received().split('HTTP/1.1 200').length).toBe(3);
    socket.destroy();
  });
});

describe('API keys', () => {
  const keys = (): ApiKeys => {
    const hash = createHash('sha256').update(OTHER_KEY).digest('hex');
    return ApiKeys.parse(`# of the first\nacme:${KEY}\n\nother:sha256:${hash.toUpperCase()}\n`, 'keys.txt');
  };
  const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

  it('are asked for everywhere but for the health', async () => {
    const { url, get, queue } = await startGateway({ apiKeys: keys() });
    for (const [method, path] of [
      ['POST', '/v1/tasks/resize'],
      ['POST', '/v1/tasks/tsk_x/cancel'],
      ['GET', '/v1/tasks/tsk_x'],
      ['GET', '/v1/tasks/tsk_x/result'],
      ['GET', '/v1/tasks'],
      ['GET', '/openapi.json'],
    ] as const) {
      const body = method === 'POST' ? JSON.stringify(INPUT) : null;
      const headers = { 'content-type': 'application/json' };
      const missing = await fetch(url + path, { method, headers, body });
      expect(missing.headers.get('www-authenticate')).toBe('Bearer');
      await expectProblem(missing, 'SLUICE_CREDENTIALS_MISSING');
      for (const authorization of [`Bearer ${KEY}x`, 'Bearer ', `Basic ${KEY}`, KEY]) {
        const wrong = await fetch(url + path, { method, headers: { ...headers, authorization }, body });
        await expectProblem(wrong, 'SLUICE_CREDENTIALS_INVALID');
      }
    }
    expect(queue.messages).toEqual([]);
    expect([(await get('/livez')).status, (await get('/readyz')).status]).toEqual([200, 200]);
  });

  it('tell the tenant, who sees nothing of another', async () => {
    const { post, get, queue, database, ids } = await startGateway({ apiKeys: keys() });
    const { id } = (await (await post('resize', INPUT, bearer(KEY))).json()) as TaskResource;
    expect(queue.messages[0]?.tenant).toBe('acme');
    const verified = ids.verify(id, 'acme');
    if (verified)
      database.put(verified, {
        record: recordOf(verified, { tenant: 'acme', state: 'succeeded' }),
        result: '1',
      });
    expect((await get(`/v1/tasks/${id}`, bearer(KEY))).status).toBe(200);
    expect((await get(`/v1/tasks/${id}`, bearer(KEY))).status).toBe(200);
    await expectProblem(await get(`/v1/tasks/${id}`, bearer(OTHER_KEY)), 'SLUICE_TASK_NOT_FOUND');
    await get('/v1/tasks', bearer(OTHER_KEY));
    expect(database.lists).toMatchObject([{ tenant: 'other' }]);
  });

  it('of one text make two tasks for two tenants under one idempotency key', async () => {
    const { post, queue } = await startGateway({ apiKeys: keys() });
    for (const key of [KEY, OTHER_KEY]) {
      expect((await post('resize', INPUT, { ...bearer(key), 'idempotency-key': 'a' })).status).toBe(202);
    }
    expect(queue.messages).toHaveLength(2);
  });

  it.each([
    ['that are too short', 'acme:tooshort'],
    ['without a tenant', KEY],
    ['with a broken hash', 'acme:sha256:abc'],
    ['that belong to two tenants', `a:${KEY},b:${KEY}`],
    ['that are none', '# nothing\n'],
  ])('%s are refused, and never shown', (_what, text) => {
    const parseKeys = (): ApiKeys => ApiKeys.parse(text, 'keys.txt');
    expect(parseKeys).toThrow(expect.objectContaining({ code: 'SLUICE_KEYS_INVALID' }));
    expect(parseKeys).not.toThrow(KEY);
    expect(parseKeys).not.toThrow('tooshort');
  });
});

describe('/openapi.json', () => {
  interface Document {
    readonly openapi: string;
    readonly servers: readonly { readonly url: string }[];
    readonly paths: Readonly<
      Record<string, Readonly<Record<string, { readonly responses: object; readonly security?: object }>>>
    >;
    readonly components: { readonly schemas: Readonly<Record<string, object>> };
  }

  it('lists every route, and every task by its name', async () => {
    const { get, url } = await startGateway();
    const { openapi, paths } = (await (await get('/openapi.json')).json()) as Document;
    expect(openapi).toBe('3.1.0');
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(operations.toSorted()).toEqual([
      'get /docs/errors',
      'get /livez',
      'get /openapi.json',
      'get /readyz',
      'get /v1/tasks',
      'get /v1/tasks/{id}',
      'get /v1/tasks/{id}/result',
      'post /v1/tasks/ledger',
      'post /v1/tasks/resize',
      'post /v1/tasks/{id}/cancel',
    ]);
    for (const operation of operations) {
      const [method = '', path = ''] = operation.split(' ');
      const response = await fetch(url + path.replace('{id}', 'tsk_x'), { method });
      expect(await response.text()).not.toMatch(/"code":"SLUICE_(?:ROUTE_NOT_FOUND|METHOD_NOT_ALLOWED)"/);
    }
  });

  it('says which operations need no key', async () => {
    const { get, url } = await startGateway({ apiKeys: ApiKeys.parse(`acme:${KEY}`, 'keys') });
    const document = (await (
      await get('/openapi.json', { authorization: `Bearer ${KEY}` })
    ).json()) as Document;
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        const { status } = await fetch(url + path.replace('{id}', 'tsk_x'), { method });
        expect([method, path, status === 401]).toEqual([method, path, security === undefined]);
      }
    }
  });

  it('describes inputs, and answers as they really are', async () => {
    const { get, post, mint, database } = await startGateway();
    const document = (await (await get('/openapi.json')).json()) as Document;
    const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: false });
    ajv.addSchema({ $id: 'https://api/document', ...document });
    const validate = (name: string, value: unknown): unknown => {
      const valid = ajv.validate({ $ref: `https://api/document#/components/schemas/${name}` }, value);
      return valid ? undefined : ajv.errors;
    };
    expect(validate('resize-input', INPUT)).toBeUndefined();
    expect(validate('resize-input', {})).toBeDefined();
    const id = mint();
    database.put(id, {
      record: recordOf(id, { state: 'succeeded', progress: { fraction: 1 } }),
      result: '{"bytes":1}',
    });
    const answers = [await post('resize?tag=a', INPUT), await get(`/v1/tasks/${id.text}`)];
    for (const answer of answers) expect(validate('Task', await answer.json())).toBeUndefined();
    expect(validate('Problem', await (await post('resize', {})).json())).toBeUndefined();
    expect(validate('TaskPage', await (await get('/v1/tasks')).json())).toBeUndefined();
  });
});

describe('a gateway in another server', () => {
  const post = (base: string): Promise<Response> =>
    fetch(`${base}/v1/tasks/resize`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(INPUT),
    });

  it('answers below its path, and links there', async () => {
    const { gateway, queue } = await startGateway({ basePath: '/jobs' });
    const host = createServer((request, response) => {
      if (request.url?.startsWith('/jobs')) gateway.handle(request, response);
      else response.end('the host');
    });
    onTestFinished(() => void host.close());
    await new Promise<void>((resolve) => {
      host.listen(0, '127.0.0.1', resolve);
    });
    const url = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
    expect(await (await fetch(`${url}/`)).text()).toBe('the host');
    const response = await post(`${url}/jobs`);
    const { id, links } = (await response.json()) as TaskResource;
    expect(response.headers.get('location')).toBe(`/jobs/v1/tasks/${id}`);
    expect(links.result).toBe(`/jobs/v1/tasks/${id}/result`);
    expect(await (await fetch(`${url}${links.self}`)).json()).toMatchObject({ id, links });
    expect(await (await fetch(`${url}/jobs/openapi.json`)).json()).toMatchObject({
      servers: [{ url: '/jobs' }],
    });
    // A drain finishes what it has taken and takes nothing more.
    const release = queue.hold();
    const held = post(`${url}/jobs`);
    await expect.poll(() => gateway.acceptor.inFlight).toBe(1);
    let ended = false;
    const closed = gateway.close(LONG_MS).then(() => {
      ended = true;
    });
    expect(await (await fetch(`${url}/`)).text()).toBe('the host');
    expect(ended).toBe(false);
    release();
    expect((await held).status).toBe(202);
    await closed;
    const late = await fetch(`${url}/jobs/livez`);
    await expectProblem(late, 'SLUICE_GATEWAY_DRAINING', '/jobs');
  });
});

describe('a port', () => {
  it('that is in use is named', async () => {
    const [one, two] = [await startGateway(), await startGateway()];
    await two.gateway.close(0);
    const listening = two.gateway.listen({ host: '127.0.0.1', port: one.port });
    await expect(listening).rejects.toMatchObject({
      code: 'SLUICE_PORT_IN_USE',
      message: expect.stringContaining(String(one.port)) as unknown,
    });
  });
});
