import { randomUUID } from 'node:crypto';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import { Pool } from 'pg';
import { parseBrokerUrl } from '../../src/queue/rabbitmq/broker-url.ts';
import { withErrorListener } from '../error-listener.ts';
import { connectToAll } from './bare-publisher.ts';

export interface BareWorkersOptions {
  readonly queueUrl: string;
  readonly databaseUrl: string;
  readonly queue: string;
}

/** Of each, as of a worker that runs fifty tasks at a time. */
const BATCH = 50;
/** A batch is claimed while the one before it is settled. */
const CONNECTIONS_OF_EACH = 2;
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
 * delivered, fifty messages at most, inserts a row and the body of each, acknowledges them, and updates the rows while it
 * inserts the next ones. Each of the two statements is a transaction, synced to disk.
 */
export class BareWorkers {
  readonly #queue: string;
  readonly #pool: Pool;
  readonly #models: readonly ChannelModel[];
  readonly #channels: readonly Channel[];
  /** Resolves when one of the channels has, which leaves what it had consumed to nobody. */
  readonly #ended: Promise<Error>;

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
    this.#ended = new Promise((resolve) => {
      for (const channel of channels) channel.once('close', () => resolve(new Error('a channel has ended')));
    });
  }

  static async open({ queueUrl, databaseUrl, queue }: BareWorkersOptions): Promise<BareWorkers> {
    const models = await connectToAll(parseBrokerUrl(queueUrl));
    const pool = withErrorListener(
      new Pool({ connectionString: databaseUrl, max: models.length * CONNECTIONS_OF_EACH }),
    );
    await pool.query(TABLES);
    const channels = await Promise.all(
      models.map(async (model) => withErrorListener(await model.createChannel())),
    );
    await Promise.all(channels.map((channel) => channel.prefetch(PREFETCH)));
    return new BareWorkers(queue, pool, models, channels);
  }

  /** Sees so many messages of the queue, which holds no more, to their end. */
  async drain(messages: number): Promise<void> {
    let left = messages;
    await new Promise<void>((resolve, reject) => {
      const settled = (count: number): void => {
        left -= count;
        if (left === 0) resolve();
      };
      for (const channel of this.#channels) this.#consume(channel, settled, reject);
      void this.#ended.then(reject);
    });
    await Promise.all(this.#channels.map((channel) => channel.cancel(CONSUMER)));
  }

  async close(): Promise<void> {
    await Promise.all(this.#models.map((model) => model.close()));
    await this.#pool.end();
  }

  #consume(channel: Channel, settled: (count: number) => void, fail: (error: unknown) => void): void {
    const delivered: ConsumeMessage[] = [];
    let busy = false;
    let settling = Promise.resolve();
    const work = async (): Promise<void> => {
      while (delivered.length > 0) {
        const keys = await this.#claim(channel, delivered.splice(0, BATCH));
        await settling;
        settling = this.#settle(keys).then(() => settled(keys.length), fail);
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

  async #claim(channel: Channel, messages: readonly ConsumeMessage[]): Promise<string[]> {
    const keys = messages.map(() => randomUUID());
    const bodies = messages.map(({ content }) => content.toString());
    await this.#pool.query({ ...CLAIM, values: [keys, bodies] });
    const last = messages.at(-1);
    if (last) channel.ack(last, true);
    return keys;
  }

  async #settle(keys: readonly string[]): Promise<void> {
    await this.#pool.query({ ...SETTLE, values: [keys] });
  }
}
