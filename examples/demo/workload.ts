/** One request of the demo. */
export interface Request {
  readonly path: string;
  readonly body: string;
  readonly key: string;
}

const PICTURES = ['alps', 'firefox', 'gimp'];
const CITIES = ['Seattle', 'New York'];
const YEARS = [2012, 2013, 2014, 2015];

/** Thumbnails and reports in turn, each under a key of its own. */
export function workload(count: number): Request[] {
  return Array.from({ length: count }, (_, number) => ({
    ...(number % 4 === 3 ? reportRequest(number) : thumbnailRequest(number)),
    key: `demo-${number}`,
  }));
}

function thumbnailRequest(number: number): Omit<Request, 'key'> {
  const input = { picture: pick(PICTURES, number), width: 64 + (number % 5) * 32 };
  return { path: '/v1/tasks/thumbnail', body: JSON.stringify(input) };
}

function reportRequest(number: number): Omit<Request, 'key'> {
  const input = { city: pick(CITIES, number >> 2), year: pick(YEARS, number >> 3) };
  return { path: '/v1/tasks/report', body: JSON.stringify(input) };
}

function pick<T>(list: readonly T[], number: number): T | undefined {
  return list[number % list.length];
}
