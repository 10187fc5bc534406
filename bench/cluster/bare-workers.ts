import { randomUUID } from 'node:crypto';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { Pool } from 'pg';
import { parseBrokerUrl } from '../../src/queue/rabbitmq/broker-url.ts';
import { connectToAll } from './bare-publisher.ts';

export interface BareWorkersOptions {
  readonly queueUrl: string;
  readonly databaseUrl: string;
  readonly queue: string;
}

/** Of each, as of a worker that runs fifty tasks at a time. */
const BATCH = 50;
const PREFETCH = 100;
const CONSUMER = 'bench';

const TABLES = `
CREATE SCHEMA IF NOT EXISTS bench;
CREATE TABLE IF NOT EXISTS bench.task (pk uuid PRIMARY KEY, state text NOT NULL, result text);
CREATE TABLE IF NOT EXISTS bench.task_body (pk uuid PRIMARY KEY, body text NOT NULL);`;

const CLAIM = {
  name: 'bench-claim',
  text: `WITH claimed AS (INSERT INTO bench.task (pk, state) SELECT unnest($1::uuid[]), 'running')
    INSERT INTO bench.task_body (pk, body) SELECT unnest($1::uuid[]), unnest($2::text[])`,
};
const SETTLE = {
  name: 'bench-settle',
  text: `UPDATE bench.task SET state = 'succeeded', result = 'null' WHERE pk = ANY ($1::uuid[])`,
};

/**
 * The least that queue and database have to do for tasks of which none may be lost: a consumer on each node takes what was
 * delivered, fifty messages at most, inserts a row and the body of each, acknowledges them, and updates the rows. Each of
 * the two statements is a transaction, synced to disk.
 */
export class BareWorkers {
  readonly #queue: string;
  readonly #pool: Pool;
  readonly #models: readonly ChannelModel[];
  readonly #channels: readonly Channel[];

  private constructor(
    queue: string,
    pool: Pool,
    models: readonly ChannelModel[],
    channels: readonly Channel[],
  ) {
    this.#queue = queue;
    this.#pool = pool;
    this.#models = models;
    this.#channels = channels;
  }

  static async open({ queueUrl, databaseUrl, queue }: BareWorkersOptions): Promise<BareWorkers> {
    const models = await connectToAll(parseBrokerUrl(queueUrl));
    const pool = new Pool({ connectionString: databaseUrl, max: models.length });
    // Whoever waits for an answer is told.
    pool.on('error', () => undefined);
    await pool.query(TABLES);
    const channels = await Promise.all(models.map((model) => model.createChannel()));
    await Promise.all(channels.map((channel) => channel.prefetch(PREFETCH)));
    return new BareWorkers(queue, pool, models, channels);
  }

  /** Sees so many messages of the queue, which holds no more, to their end. */
  async drain(messages: number): Promise<void> {
    let left = messages;
    await new Promise<void>((resolve, reject) => {
      const done = (count: number): void => {
        left -= count;
        if (left === 0) resolve();
      };
      for (const channel of this.#channels) this.#consume(channel, done, reject);
    });
    await Promise.all(this.#channels.map((channel) => channel.cancel(CONSUMER)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#models.map((model) => model.close()));
    await this.#pool.end();
  }

  #consume(channel: Channel, done: (count: number) => void, fail: (error: unknown) => void): void {
    const delivered: ConsumeMessage[] = [];
    let busy = false;
    const work = async (): Promise<void> => {
      while (delivered.length > 0) {
        const batch = delivered.splice(0, BATCH);
        await this.#work(channel, batch);
        done(batch.length);
      }
      busy = false;
    };
    const receive = (message: ConsumeMessage | null): void => {
      if (message) delivered.push(message);
      if (busy) return;
      busy = true;
      // Not before all that came along with it is here.
      setImmediate(() => void work().catch(fail));
    };
    channel.consume(this.#queue, receive, { consumerTag: CONSUMER }).catch(fail);
  }

  async #work(channel: Channel, messages: readonly ConsumeMessage[]): Promise<void> {
    const keys = messages.map(() => randomUUID());
    const bodies = messages.map(({ content }) => content.toString());
    await this.#pool.query({ ...CLAIM, values: [keys, bodies] });
    const last = messages.at(-1);
    if (last) channel.ack(last, true);
    await this.#pool.query({ ...SETTLE, values: [keys] });
  }
}
