/** How many differences one message names. */
const NAMED = 8;

/** The first differences in one clause, and how many more there are. */
export function named(differences: readonly string[]): string {
  const more = differences.length > NAMED ? `; and ${differences.length - NAMED} more` : "";
  return differences.slice(0, NAMED).join("; ") + more;
}
