import { messageOf, SluiceError } from '../core/errors.ts';
import { problemDocument } from '../core/problem-document.ts';
import { type Problem, ServerProblem } from './client/server-problem.ts';
import type { Terminal } from './terminal.ts';

/** Tells of a failure on stderr: a problem document with `--json`, else a sentence, never a stack of the own code. */
export function reportFailure(error: unknown, terminal: Terminal): void {
  if (terminal.json) {
    terminal.say(JSON.stringify(asProblem(error)));
    return;
  }
  const code = codeOf(error);
  terminal.say(
    `${terminal.paint('red', 'error')} ${messageOf(error)}${code ? ` ${terminal.paint('dim', `(${code})`)}` : ''}`,
  );
  if (error instanceof ServerProblem) sayIssues(error.problem, terminal);
}

function sayIssues({ errors = [], moreErrors }: Problem, terminal: Terminal): void {
  for (const { pointer, message, detail } of errors) {
    terminal.say(`  ${pointer === '' ? 'the input' : pointer}: ${message ?? detail ?? ''}`);
  }
  if (moreErrors) terminal.say('  and more');
}

function asProblem(error: unknown): Problem {
  if (error instanceof ServerProblem) return error.problem;
  const own = SluiceError.is(error) ? error : new SluiceError('SLUICE_INTERNAL', {}, { cause: error });
  const problem: Problem = problemDocument(own, '');
  return SluiceError.is(error) ? problem : { ...problem, detail: messageOf(error) };
}

function codeOf(error: unknown): string | undefined {
  if (error instanceof ServerProblem) return error.problem.code;
  return SluiceError.is(error) ? error.code : undefined;
}
