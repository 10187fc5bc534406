import { STATES } from '../../core/state.ts';
import { isPk } from '../../core/task-id.ts';
import type { ListFilter } from '../../database/database.ts';
import { invalidOption, oneOf, type Query, refuseUnknown, single } from '../query.ts';

const PARAMETERS = ['limit', 'state', 'task', 'tag', 'cursor'];
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

/** @throws SluiceError `SLUICE_PARAMETER_UNKNOWN` or `SLUICE_OPTION_INVALID` */
export function parseListQuery(query: Query, tenant: string): ListFilter {
  refuseUnknown(query, PARAMETERS);
  return {
    tenant,
    limit: parseLimit(single(query, 'limit')),
    state: oneOf(query, 'state', STATES),
    task: single(query, 'task'),
    tag: single(query, 'tag'),
    cursor: parseCursor(single(query, 'cursor')),
  };
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) {
    throw invalidOption('limit', text, `a whole number from 1 to ${MAX_LIMIT}`);
  }
  return limit;
}

function parseCursor(text: string | undefined): string | undefined {
  if (text !== undefined && !isPk(text)) throw invalidOption('cursor', text, 'the "next" of a page');
  return text;
}
