import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { task } from 'sluice';
import { z } from 'zod';
import { installedFile } from '../installed-file.ts';
import { outFolder } from '../out-folder.ts';
import { type Day, monthlyReport, parseDays } from '../weather.ts';

export const report = task('report', {
  description: 'Sums up the weather of a city, month by month, as a CSV file.',
  input: z.object({
    city: z.enum(['Seattle', 'New York']),
    year: z.int().min(2012).max(2015),
  }),
  output: z.object({ file: z.string(), days: z.number(), rainiestMonth: z.string() }),
  timeout: '1m',
  run: async ({ city, year }, ctx) => {
    ctx.progress(0, { step: 'reading' });
    const days = parseDays(await readFile(installedFile('vega-datasets', 'data/weather.csv'), 'utf8')).filter(
      (day) => matches(day, city, year),
    );
    ctx.progress(0.5, { step: 'summing up', days: days.length });
    const months = monthlyReport(days);
    const file = join(outFolder, `${ctx.idempotencyKey}.csv`);
    const partial = `${file}.${process.pid}.part`;
    await mkdir(outFolder, { recursive: true });
    const rows = months.map(({ month, days: count, rain, warmest, coldest }) =>
      [month, count, rain.toFixed(1), warmest, coldest].join(','),
    );
    await writeFile(partial, `month,days,rain,warmest,coldest\n${rows.join('\n')}\n`);
    await rename(partial, file);
    ctx.log.info('report written', { city, year, months: months.length });
    const [rainiest] = months.toSorted((a, b) => b.rain - a.rain);
    return { file, days: days.length, rainiestMonth: rainiest?.month ?? '' };
  },
});

function matches(day: Day, city: string, year: number): boolean {
  return day.location === city && day.date.startsWith(`${year}-`);
}
