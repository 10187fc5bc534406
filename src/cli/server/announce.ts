import { pid } from 'node:process';
import type { Manifest } from '../../manifest/manifest.ts';
import { sampleInput } from './sample-input.ts';
import type { Serving, Working } from './serve.ts';
import type { SettingValues } from '../configuration/settings.ts';
import type { Terminal } from '../terminal.ts';

/** Says where the server is and what it does: for programs on stdout with `--json`, for people on stderr. */
export function announce(
  { process: { manifest }, url, metricsUrl }: Serving,
  values: SettingValues,
  terminal: Terminal,
): void {
  if (terminal.json) {
    const tasks = manifest.tasks.map(({ name }) => name);
    terminal.data(JSON.stringify({ url, metricsUrl, data: values.data, tasks, pid }));
    return;
  }
  terminal.say(`\n  ${terminal.paint('bold', 'Sluice')} is ready at ${terminal.paint('cyan', url)}`);
  terminal.say(
    terminal.paint('dim', `  API ${url}/openapi.json, metrics ${metricsUrl}, data ${values.data}`),
  );
}

/** As `announce`, of workers. */
export function announceWorkers({ process: { manifest }, metricsUrl }: Working, terminal: Terminal): void {
  const tasks = manifest.tasks.map(({ name }) => name);
  if (terminal.json) terminal.data(JSON.stringify({ metricsUrl, tasks, pid }));
  else
    terminal.say(
      `\n  ${terminal.paint('bold', 'Sluice')} works on ${tasks.join(', ')}; metrics ${metricsUrl}`,
    );
}

/** Says how to call each task, ready to paste. */
export function announceTasks({ tasks }: Manifest, url: string, terminal: Terminal): void {
  if (terminal.json) return;
  for (const { name, input, description } of tasks) {
    terminal.say(
      `\n  ${terminal.paint('bold', name)}${description ? terminal.paint('dim', `  ${description}`) : ''}`,
    );
    terminal.say(`    ${curlOf(`${url}/v1/tasks/${name}`, sampleInput(input))}`);
  }
  terminal.say('');
}

function curlOf(url: string, body: unknown): string {
  const quoted = `'${JSON.stringify(body).replaceAll("'", String.raw`'\''`)}'`;
  return `curl ${url} -H 'content-type: application/json' -d ${quoted}`;
}
