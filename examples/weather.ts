/** One line of vega-datasets' weather.csv. */
export interface Day {
  readonly location: string;
  /** Such as `2012-01-31`. */
  readonly date: string;
  /** Millimetres. */
  readonly rain: number;
  /** Degrees Celsius. */
  readonly warmest: number;
  readonly coldest: number;
}

export interface Month {
  /** Such as `2012-01`. */
  readonly month: string;
  readonly days: number;
  readonly rain: number;
  readonly warmest: number;
  readonly coldest: number;
}

export function parseDays(csv: string): Day[] {
  const [, ...lines] = csv.trim().split('\n');
  return lines.map((line) => {
    const [location = '', date = '', rain, warmest, coldest] = line.split(',');
    return { location, date, rain: Number(rain), warmest: Number(warmest), coldest: Number(coldest) };
  });
}

/** The days summed up by month, in the order of the calendar. */
export function monthlyReport(days: readonly Day[]): Month[] {
  const months = new Map<string, Month>();
  for (const day of days) {
    const month = day.date.slice(0, 7);
    const known = months.get(month);
    months.set(month, {
      month,
      days: (known?.days ?? 0) + 1,
      rain: (known?.rain ?? 0) + day.rain,
      warmest: Math.max(known?.warmest ?? -Infinity, day.warmest),
      coldest: Math.min(known?.coldest ?? Infinity, day.coldest),
    });
  }
  return [...months.values()].toSorted((a, b) => a.month.localeCompare(b.month));
}
