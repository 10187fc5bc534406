import { describe, expect, it } from 'vitest';
import { createLogger, type LogOptions } from '../../src/observe/log.ts';

function capture(options: LogOptions = {}): { lines: string[]; log: ReturnType<typeof createLogger> } {
  const lines: string[] = [];
  return { lines, log: createLogger({ format: 'json', ...options, write: (line) => lines.push(line) }) };
}

describe('the log', () => {
  it('writes one JSON object a line, with level, time and data', () => {
    const { lines, log } = capture();
    log.warn('the queue is nearly full', { fullness: 0.9 });
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 40,
      msg: 'the queue is nearly full',
      fullness: 0.9,
      time: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  it('leaves out what is less urgent than its level', () => {
    const { lines, log } = capture({ level: 'warn' });
    log.info('not this');
    log.error('this');
    expect(lines).toHaveLength(1);
  });

  it('takes out secrets, wherever they stand', () => {
    const { lines, log } = capture();
    log.info('called https://ada:hunter2@example.com with Bearer abc.def', {
      secrets: ['hunter2'],
      headers: { Authorization: 'abc.def', accept: '*/*' },
      list: [{ apiKey: 'hunter2' }],
      url: 'amqp://ada:hunter2@queue:5672',
      error: new Error('no entry with Basic aHVudGVyMg=='),
    });
    expect(lines[0]).not.toMatch(/hunter2|abc\.def|aHVudGVyMg/);
    expect(lines[0]).toContain('*/*');
  });

  it('survives data that holds itself', () => {
    const { lines, log } = capture();
    const data: Record<string, unknown> = { big: 1n };
    data['self'] = data;
    log.info('a loop', data);
    expect(lines).toHaveLength(1);
  });

  it('writes a plain line for people', () => {
    const { lines, log } = capture({ format: 'pretty' });
    log.error('could not start', { port: 7070, reason: 'in use' });
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d error could not start port=7070 reason="in use"\n$/);
    log.warn('a run failed', {
      reason: 'boom',
      stack: 'Error: boom\n    at run (tasks/a.ts:1:2)',
      task: 'a',
    });
    expect(lines[1]).toMatch(/ warn {2}a run failed reason=boom task=a\n {4}at run \(tasks\/a\.ts:1:2\)\n$/);
  });

  it('is coloured where it is told to be', () => {
    for (const colours of [true, false]) {
      const { lines, log } = capture({ format: 'pretty', colours });
      log.error('could not start', { port: 7070 });
      expect(lines[0]?.includes('\u001b[31m')).toBe(colours);
    }
  });
});
