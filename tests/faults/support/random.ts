/** Random numbers that can be repeated: a seed always gives the same numbers, each at least 0 and less than 1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this run: FAULTS_SEED, to repeat a failure, or a new one. */
export function seedOfRun(): number {
  const given = Number(process.env["FAULTS_SEED"]);
  return Number.isSafeInteger(given) && given > 0 ? given : Date.now() % 1_000_000;
}
