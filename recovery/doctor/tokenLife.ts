import { ageText } from "../../planning/age.ts";
import { failed, ok, type Outcome, warning } from "./check.ts";

const DAY_MS = 86_400_000;
/** Days before the end of a token at which it has to be replaced now, and at which to plan it. */
const [SOON, NOT_LONG] = [7, 30];

/** What is known of a valid token, and what to type when its end is near. */
export interface TokenWords {
  /** A sentence without its full stop. */
  readonly says: string;
  /** While there is time. */
  readonly renew: string;
  /** When it ends within a week. */
  readonly replace: string;
}

/** Judges a valid token by its end. */
export function lifeOf(
  expiresAt: Date | "never" | undefined,
  now: Date,
  { says, renew, replace }: TokenWords,
): Outcome {
  if (expiresAt === "never") return ok(`${says}. It does not expire.`);
  if (expiresAt === undefined) return ok(`${says}. When it ends is not shown: note it where you made it.`);
  const leftMs = expiresAt.getTime() - now.getTime();
  const ends = `It ends in ${ageText(leftMs)}, on ${expiresAt.toISOString().slice(0, 10)}.`;
  if (leftMs < SOON * DAY_MS) return failed(`${says}. ${ends}`, replace);
  return leftMs < NOT_LONG * DAY_MS ? warning(`${says}. ${ends}`, renew) : ok(`${says}. ${ends}`);
}
