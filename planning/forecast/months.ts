import { DAY_MS } from "../retention/time.ts";

/** The calendar months (UTC) that a range of days touches. */
export class Months {
  /** Starts of the months, and the end of the last one. Milliseconds since 1970. */
  readonly starts: readonly number[];
  /** `2027-03`, one for each month. */
  readonly names: readonly string[];

  constructor(firstDay: number, days: number) {
    const end = (firstDay + days) * DAY_MS;
    const starts = [Date.UTC(new Date(firstDay * DAY_MS).getUTCFullYear(), new Date(firstDay * DAY_MS).getUTCMonth())];
    while ((starts.at(-1) ?? end) < end) {
      const last = new Date(starts.at(-1) ?? end);
      starts.push(Date.UTC(last.getUTCFullYear(), last.getUTCMonth() + 1));
    }
    this.starts = starts;
    this.names = starts.slice(0, -1).map((start) => new Date(start).toISOString().slice(0, 7));
  }

  /** Index of the month that contains an instant. Instants outside the range belong to the first or the last month. */
  indexOf(instant: number): number {
    let low = 0;
    let high = this.names.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.starts[middle] ?? 0) <= instant) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Calls `take` with each month's share of a stay, in months of that month's length. */
  share(from: number, to: number, take: (month: number, share: number) => void): void {
    for (let month = this.indexOf(from); month < this.names.length; month++) {
      const start = this.starts[month] ?? 0;
      const end = this.starts[month + 1] ?? start;
      if (start >= to) return;
      if (end <= from) continue;
      take(month, (Math.min(to, end) - Math.max(from, start)) / (end - start));
    }
  }
}
