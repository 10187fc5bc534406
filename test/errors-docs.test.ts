import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ErrorCode, ERRORS } from '../src/core/errors.ts';

const page = readFileSync(join(import.meta.dirname, '../docs/reference/errors.md'), 'utf8');
const [, ...sections] = page.split(/^### /m);
const texts = new Map(sections.map((section) => [section.split('\n')[0], section]));
const codes = Object.keys(ERRORS) as ErrorCode[];

describe('the page of errors', () => {
  it('has each code of the table once, and no other', () => {
    expect(sections).toHaveLength(texts.size);
    expect(new Set(texts.keys())).toEqual(new Set(codes));
  });

  it.each(codes)('tells status and retry of %s as the table does, and what to do', (code) => {
    const [status, retryable] = ERRORS[code];
    const text = texts.get(code);
    expect(text).toContain(`\nStatus ${status} · ${retryable ? 'try again' : 'do not try again'}\n`);
    expect(text).toMatch(/\*\*What to do\.\*\* \S+/);
  });
});
