import { expect, test } from 'vitest';
import { ServerProblem } from '../../src/cli/client/server-problem.ts';
import { reportFailure } from '../../src/cli/report-failure.ts';

function said(error: unknown): string[] {
  const lines: string[] = [];
  reportFailure(error, {
    json: false,
    coloured: false,
    data: () => undefined,
    say: (line) => void lines.push(line),
    paint: (_style, text) => text,
  });
  return lines;
}

test('lists what is wrong with an input, and says where there is more', () => {
  const problem = {
    status: 422,
    detail: 'The input does not fit.',
    errors: [
      { pointer: '', message: 'must be object' },
      { pointer: '/a', message: 'must be number' },
    ],
  };
  const lines = ['error The input does not fit.', '  the input: must be object', '  /a: must be number'];
  expect(said(new ServerProblem(problem))).toEqual(lines);
  expect(said(new ServerProblem({ ...problem, moreErrors: true }))).toEqual([...lines, '  and more']);
});
