/** A problem document of the API (RFC 9457). */
export interface Problem {
  readonly type?: string;
  readonly title?: string;
  readonly status: number;
  readonly detail?: string;
  readonly code?: string;
  readonly errors?: readonly {
    readonly pointer: string;
    readonly message?: string;
    readonly detail?: string;
  }[];
  /** There are more errors than are listed. */
  readonly moreErrors?: boolean;
  readonly [member: string]: unknown;
}

/** What a server answered in place of what it was asked for. */
export class ServerProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail ?? problem.title ?? `the server answered ${problem.status}`);
    this.name = 'ServerProblem';
    this.problem = problem;
  }
}
