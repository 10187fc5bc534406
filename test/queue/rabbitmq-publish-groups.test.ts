import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { type Outbound, PublishCall } from '../../src/queue/rabbitmq/publish-call.ts';
import { PublishGroups } from '../../src/queue/rabbitmq/publish-groups.ts';

const QUEUE = 'tasks';

let sent: Outbound[];
let subject: PublishGroups;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  subject = new PublishGroups((message) => sent.push(message));
});

afterEach(() => {
  vi.useRealTimers();
});

function add(...texts: string[]): void {
  for (const text of texts) {
    subject.add({ call: new PublishCall([QUEUE], Infinity), queue: QUEUE, body: Buffer.from(text) });
  }
}

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
}

async function confirmAll(): Promise<void> {
  for (const { call } of sent) call.settled(QUEUE, 'stored');
  await pass(0);
}

function texts(): string {
  return sent.map(({ body }) => String(body)).join('');
}

test('what comes alone is sent in the same turn, again and again', async () => {
  for (const soFar of ['a', 'aa', 'aaa']) {
    add('a');
    await pass(0);
    expect(texts()).toBe(soFar);
    await confirmAll();
  }
});

test('what comes while another is under way is sent together, in order, when that is confirmed', async () => {
  add('a');
  await pass(5);
  add('b', 'c', 'd');
  await pass(5);
  expect(texts()).toBe('a');
  await confirmAll();
  expect(texts()).toBe('abcd');
});

test('after several that were sent together, the next wait for four times as long as they took', async () => {
  add('a', 'b');
  await pass(6);
  await confirmAll();
  add('c');
  await pass(17);
  expect(texts()).toBe('ab');
  await pass(1);
  expect(texts()).toBe('abc');
});

test('nothing waits for more than 40 ms after the group before it, confirmed or not', async () => {
  add('a', 'b');
  await pass(30);
  add('c');
  await pass(9);
  expect(texts()).toBe('ab');
  await pass(1);
  expect(texts()).toBe('abc');
  await pass(30);
  await confirmAll();
  add('d', 'e');
  await pass(50);
  await confirmAll();
  add('f');
  await pass(0);
  expect(texts()).toBe('abcdef');
});

test('sixteen wait for nothing', async () => {
  add('a');
  await pass(0);
  add(...'bcdefghijklmnop'.split(''));
  expect(texts()).toBe('a');
  await pass(0);
  expect(texts()).toBe('a');
  add('q');
  await pass(0);
  expect(texts()).toBe('abcdefghijklmnopq');
});

test('what is published in one turn is sent together, however much it is', async () => {
  const all = 'abcdefghijklmnopqrst';
  add(...all.split(''));
  expect(texts()).toBe('');
  await pass(0);
  expect(texts()).toBe(all);
});

test('a call that fails holds up nobody', async () => {
  add('a');
  await pass(0);
  add('b');
  const [{ call } = {}] = sent;
  call?.done.catch(() => undefined);
  call?.fail(new SluiceError('SLUICE_QUEUE_UNAVAILABLE', { reason: 'away' }));
  await pass(0);
  expect(texts()).toBe('ab');
});
