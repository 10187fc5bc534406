import type { RunRequest, ToRunner } from '../core/run-protocol.ts';
import { HandlerRun } from './handler-run.ts';
import type { RunnerSetting } from './task-context.ts';

/** Does what the worker asks for, from when the definitions are loaded. */
export class Runner {
  readonly #setting: RunnerSetting;
  readonly #runs = new Map<string, HandlerRun>();

  constructor(setting: RunnerSetting) {
    this.#setting = setting;
  }

  receive(message: Exclude<ToRunner, { kind: 'load' }>): void {
    switch (message.kind) {
      case 'start':
        for (const request of message.runs) void this.#start(request);
        return;
      case 'abort':
        this.#runs.get(keyOf(message))?.abort(message.cause);
        return;
      case 'ping':
        this.#setting.channel.tell({ kind: 'pong', number: message.number });
        return;
    }
  }

  async #start(request: RunRequest): Promise<void> {
    const handler = new HandlerRun(request, this.#setting);
    this.#runs.set(keyOf(request), handler);
    const end = await handler.outcome();
    this.#runs.delete(keyOf(request));
    this.#setting.channel.ended({ id: request.id, run: request.run, end, aborted: handler.aborted });
  }
}

function keyOf({ id, run }: { id: string; run: number }): string {
  return `${id}/${run}`;
}
