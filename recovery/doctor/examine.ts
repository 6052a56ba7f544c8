import { messageOf, redact } from "../../services/common/errors.ts";
import { pool } from "../../services/common/pool.ts";
import { visible } from "../../services/common/visibleText.ts";
import type { Check, Finding, Outcome } from "./check.ts";

/** What bounds an examination. */
export interface Bounds {
  /** Aborts when the time for all checks is over. */
  readonly deadline: AbortSignal;
  /** Aborts when the engineer interrupts the command. */
  readonly signal: AbortSignal;
  /** Checks that run at once. @default 12: most wait for a service */
  readonly atOnce?: number;
  /** Variables with tokens that are not set: a check that needs one says so, and does not begin. */
  readonly lacking?: ReadonlySet<string>;
}

const AT_ONCE = 12;

/**
 * Runs all checks, several at once, and returns their lines in the order of the checks. A check that throws, or that does not answer before
 * the deadline, is a line "unknown". Throws only the reason of an interruption.
 */
export async function examine<S>(
  checks: readonly Check<S>[],
  subject: S,
  { deadline, signal, atOnce = AT_ONCE, lacking = new Set() }: Bounds,
): Promise<Finding[]> {
  const over = new Promise<Outcome>((resolve) => {
    const late = () => resolve({ state: "unknown", says: "No answer came in time." });
    if (deadline.aborted) late();
    else deadline.addEventListener("abort", late, { once: true });
  });
  const examined = await pool(
    checks,
    atOnce,
    async (check) => {
      if (check.token !== undefined && lacking.has(check.token))
        return [findingOf(check, { state: "unknown", says: `${check.token} is not set.` })];
      const outcome = deadline.aborted ? await over : await Promise.race([outcomeOf(check, subject, deadline), over]);
      signal.throwIfAborted();
      return [outcome].flat().map((one) => findingOf(check, one));
    },
    signal,
  );
  return examined.flat();
}

async function outcomeOf<S>(check: Check<S>, subject: S, deadline: AbortSignal): Promise<Outcome | readonly Outcome[]> {
  try {
    return await check.run(subject);
  } catch (error) {
    if (deadline.aborted) return { state: "unknown", says: "No answer came in time." };
    return { state: "unknown", says: `The check could not look: ${messageOf(error)}` };
  }
}

/** A line: texts of services on one line each, without control characters and secrets. */
function findingOf({ id, category, about, docs }: Check<never>, { state, says, fix }: Outcome): Finding {
  const shown = (text: string) => visible(redact(text.replaceAll(/\s*\n\s*/g, " ")).trim());
  return { id, category, about, state, says: shown(says), ...(fix !== undefined && { fix: shown(fix) }), docs };
}
