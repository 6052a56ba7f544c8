import { Option } from "commander";

/** How many entries a list shows without `--all`. */
const SHOWN = 10;

/** `--all`: every entry of a list. */
export function allOption(): Option {
  return new Option("--all", `show every entry, not only the first ${SHOWN}; --json always has all`);
}

/**
 * The first entries, and a line about the rest; no line if nothing is left out.
 *
 * @param important an entry that is shown wherever it stands
 */
export function shortList<T>(
  entries: readonly T[],
  { all, what, important }: { all: boolean; what: string; important?: T | undefined },
): { shown: T[]; rest: string[] } {
  const shown = entries.filter((entry, at) => all || at < SHOWN || entry === important);
  const left = entries.length - shown.length;
  return { shown, rest: left === 0 ? [] : [`${left} ${what} not shown: add --all.`] };
}
