/** Figures of one of several contenders, and what there is to say of it. */
export type Row = Readonly<Record<string, number | string>> & { readonly contender: string };

/** What a bench of several contenders comes to. */
export interface Comparison {
  readonly rows: readonly Row[];
}

/** For people: the figures as a table, and the words below it. */
export function printRows(rows: readonly Row[]): void {
  console.table(Object.fromEntries(rows.map((row) => [row.contender, figuresOf(row)])));
  for (const { contender, ...row } of rows) {
    console.log(`\n${contender}`);
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === 'string') console.log(`  ${name}: ${value}`);
    }
  }
}

function figuresOf(row: Row): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value === 'number'));
}
