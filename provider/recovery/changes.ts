import { isDeepStrictEqual } from "node:util";

/** Which of the named inputs change. In a preview, an input that is not known yet counts as changed. */
export function changedInputs<I extends object>(
  olds: I,
  news: Partial<I>,
  unknownKeys: ReadonlySet<string>,
  keys: readonly (keyof I & string)[],
): (keyof I & string)[] {
  return keys.filter((key) => unknownKeys.has(key) || !isDeepStrictEqual(olds[key], news[key]));
}
