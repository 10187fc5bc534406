// A server like `sluice start`, with the options of `createSluice` in the JSON given.
import { createSluice } from '../../dist/index.js';

const sluice = await createSluice(JSON.parse(process.argv[2]));
const where = { host: '127.0.0.1', port: 0 };
const { url } = await sluice.listen(where);
const { url: metricsUrl } = await sluice.listenMetrics(where);
process.once('SIGTERM', () => void sluice.close(0));
process.stdout.write(`${JSON.stringify({ url, metricsUrl: `${metricsUrl}/metrics`, pid: process.pid })}\n`);
