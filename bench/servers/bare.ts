import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// What Node itself costs: reads and parses the body, and answers as long an answer as the gateway does.

const POST_ANSWER = JSON.stringify({ id: 'x'.repeat(40), pad: 'x'.repeat(420) });
const GET_ANSWER = JSON.stringify({ id: 'x'.repeat(40), pad: 'x'.repeat(Number(process.argv[2] ?? 400)) });

const server = createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': GET_ANSWER.length });
    response.end(GET_ANSWER);
    return;
  }
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString());
    response.writeHead(202, { 'content-type': 'application/json', 'content-length': POST_ANSWER.length });
    response.end(POST_ANSWER);
  });
});

server.listen(0, '127.0.0.1', () =>
  console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })),
);
process.on('SIGTERM', () => process.exit(0));
