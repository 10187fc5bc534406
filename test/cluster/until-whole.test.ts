import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { untilWhole, type Whole } from '../../src/cli/cluster/until-whole.ts';
import type { MemberState } from '../../src/cluster/cluster.ts';

const NAMES = ['gateway-1', 'gateway-2', 'worker-1', 'worker-2', 'haproxy'] as const;
type Name = (typeof NAMES)[number];

const WELL = { queue: { ok: true }, database: { ok: true }, cache: { ok: true } };
const UNWELL = { ...WELL, cache: { ok: false, reason: 'connect ECONNREFUSED' } };
const WAIT = { timeout: 30_000, interval: 10 };

interface Answer {
  readonly status: number;
  readonly body: object;
}

let answers: Map<Name, Answer>;
let states: Map<Name, MemberState>;
/** How often each was asked since the test last cleared it. */
let asked: Map<Name, number>;
let whole: Whole;

async function listen(name: Name): Promise<{ name: Name; port: number }> {
  const server = createServer((_request, response) => {
    const { status, body } = answers.get(name) ?? { status: 404, body: {} };
    asked.set(name, (asked.get(name) ?? 0) + 1);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { name, port: (server.address() as AddressInfo).port };
}

beforeEach(async () => {
  answers = new Map(NAMES.map((name) => [name, { status: 200, body: WELL }]));
  states = new Map(NAMES.map((name) => [name, 'up']));
  asked = new Map();
  whole = {
    gateways: [await listen('gateway-1'), await listen('gateway-2')],
    workers: [await listen('worker-1'), await listen('worker-2')],
    balancer: await listen('haproxy'),
    cluster: {
      get members() {
        return [...states].map(([name, state]) => ({ name, state, port: 1 }));
      },
      lastWords: (name) => `the last words of ${name}`,
    },
  };
});

it.each([
  ['a gateway that does not reach an engine', 'gateway-2', { status: 200, body: UNWELL }],
  ['a gateway that is not ready', 'gateway-1', { status: 503, body: WELL }],
  ['a worker that takes no tasks', 'worker-2', { status: 503, body: { ready: false } }],
  ['a load balancer that finds no gateway', 'haproxy', { status: 503, body: {} }],
] as const)('waits for %s', async (_what, name, answer) => {
  answers.set(name, answer);
  let isWhole = false;
  const waiting = untilWhole(whole, new AbortController().signal).then(() => (isWhole = true));
  await vi.waitFor(() => expect(asked.get(name)).toBeGreaterThanOrEqual(2), WAIT);
  expect(isWhole).toBe(false);
  answers.set(name, { status: 200, body: WELL });
  await waiting;
});

it('waits for a member that is about to be started again', async () => {
  states.set('worker-1', 'starting');
  const waiting = untilWhole(whole, new AbortController().signal);
  expect(asked.size).toBe(0);
  states.set('worker-1', 'up');
  await waiting;
  expect([...asked.keys()].toSorted()).toEqual(NAMES.toSorted());
});

it('gives up when it is told to', async () => {
  answers.set('gateway-2', { status: 200, body: UNWELL });
  const stop = new AbortController();
  const waiting = untilWhole(whole, stop.signal);
  waiting.catch(() => undefined);
  await vi.waitFor(() => expect(asked.get('gateway-2')).toBeGreaterThanOrEqual(1), WAIT);
  stop.abort();
  await expect(waiting).rejects.toThrow('aborted');
});
