const MINUTE_MS = 60_000;

/** Milliseconds of each unit that an age is written in. */
const UNITS: Readonly<Record<string, number>> = { d: 24 * 60 * MINUTE_MS, h: 60 * MINUTE_MS, m: MINUTE_MS };

/** Milliseconds of an age such as `25h`, `2d` or `90m`; undefined for any other text, and for none. */
export function parseAge(text: string): number | undefined {
  const [, number = "0", unit = ""] = /^(\d{1,6})([dhm])$/.exec(text) ?? [];
  return Number(number) * (UNITS[unit] ?? 0) || undefined;
}

/** An age for people, in its two largest units, rounded down, in days from two on: `2 d 3 h`, `26 h 0 min`, `26 min`. */
export function ageText(ageMs: number): string {
  const minutes = Math.max(0, Math.floor(ageMs / MINUTE_MS));
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}
