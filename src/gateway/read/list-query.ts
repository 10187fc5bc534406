import { SluiceError } from '../../core/errors.ts';
import { STATES } from '../../core/state.ts';
import { isPk } from '../../core/task-id.ts';
import type { ListFilter } from '../../database/database.ts';

type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

const PARAMETERS = ['limit', 'state', 'task', 'tag', 'cursor'];
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** @throws SluiceError `SLUICE_PARAMETER_UNKNOWN` or `SLUICE_OPTION_INVALID` */
export function parseListQuery(query: Query, tenant: string): ListFilter {
  const texts = new Map<string, string>();
  for (const [name, value] of Object.entries(query)) {
    if (!PARAMETERS.includes(name)) {
      throw new SluiceError('SLUICE_PARAMETER_UNKNOWN', { parameter: name, known: PARAMETERS.join(', ') });
    }
    if (typeof value !== 'string') throw invalid(name, String(value), 'given once');
    texts.set(name, value);
  }
  return {
    tenant,
    limit: parseLimit(texts.get('limit')),
    state: parseState(texts.get('state')),
    task: texts.get('task'),
    tag: texts.get('tag'),
    cursor: parseCursor(texts.get('cursor')),
  };
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) throw invalid('limit', text, `a whole number from 1 to ${MAX_LIMIT}`);
  return limit;
}

function parseState(text: string | undefined): ListFilter['state'] {
  const state = STATES.find((known) => known === text);
  if (text !== undefined && !state) throw invalid('state', text, `one of ${STATES.join(', ')}`);
  return state;
}

function parseCursor(text: string | undefined): string | undefined {
  if (text !== undefined && !isPk(text)) throw invalid('cursor', text, 'the "next" of a page');
  return text;
}

function invalid(option: string, value: string, expected: string): SluiceError {
  return new SluiceError('SLUICE_OPTION_INVALID', { option, value: JSON.stringify(value), expected });
}
