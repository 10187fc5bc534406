import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export function page(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
}

/** The code blocks of `language` in a page. */
export function blocks(markdown: string, language: string): string[] {
  const found = markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm);
  return [...found].flatMap(([, name, code = '']) => (name === language ? [code] : []));
}

/** The cells of the rows of all tables in a page, without those of the heads. */
export function rows(markdown: string): string[][] {
  const lines = markdown.split('\n').filter((line) => /^\|(?! ?-)/.test(line));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}
