import { project } from '../project.ts';

/** A task file that needs nothing but this package. */
export const ECHO = `import { NonRetriable, task } from 'sluice';
const input = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };
export const echo = task('echo', { input, run: ({ text }) => ({ text }) });
export const fails = task('fails', { input: {}, run: () => { throw new NonRetriable('no luck'); } });
export const slow = task('slow', {
  input: {},
  run: (_, ctx) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve('done'), 120_000);
    ctx.signal.addEventListener('abort', () => { clearTimeout(timer); reject(ctx.signal.reason); });
  }),
});
`;

/** A project with the tasks above in a temporary folder. */
export function echoProject(files: Record<string, string> = {}): string {
  return project({ 'package.json': '{"type":"module"}', 'tasks/echo.ts': ECHO, ...files });
}
