/** The candidate that a mistyped word most likely means, with at most two wrong letters. Undefined when none is that near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  return allNearest(word, candidates)[0];
}

/** All candidates that a mistyped word may equally well mean, with at most two wrong letters. */
export function allNearest(word: string, candidates: readonly string[]): string[] {
  const distances = candidates.map((candidate) => ({
    candidate,
    letters: distance(word.toLowerCase(), candidate.toLowerCase()),
  }));
  const best = Math.min(2, ...distances.map(({ letters }) => letters));
  return distances.filter(({ letters }) => letters === best).map(({ candidate }) => candidate);
}

/** The number of letters to insert, delete or replace between two words (Levenshtein distance). */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [at, letter] of Array.from(left).entries()) {
    const next = [at + 1];
    for (const [index, other] of Array.from(right).entries()) {
      const replaced = (row[index] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[index + 1] ?? 0) + 1, (next[index] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
