import { type Finding, type State, STATES } from "./check.ts";

/** What all lines together say. */
export interface Verdict {
  /**
   * "ready": no check failed, and none is unknown. "nothing seen": no check could look. "unknown" is worse than a warning, since what was not
   * seen may be a failure.
   */
  readonly state: "ready" | "warnings" | "unknown" | "failed" | "nothing seen";
  readonly counts: Readonly<Record<State, number>>;
  /** The last line. */
  readonly sentence: string;
}

/** Judges the lines. Pure. */
export function verdictOf(stack: string, findings: readonly Finding[]): Verdict {
  const counts = Object.fromEntries(
    STATES.map((state) => [state, findings.filter((one) => one.state === state).length]),
  ) as Record<State, number>;
  const state = stateOf(counts);
  return { state, counts, sentence: sentenceOf(state, stack, counts) };
}

function stateOf({ ok, warning, failed, unknown }: Verdict["counts"]): Verdict["state"] {
  if (failed > 0) return "failed";
  if (ok + warning === 0) return "nothing seen";
  if (unknown > 0) return "unknown";
  return warning > 0 ? "warnings" : "ready";
}

function sentenceOf(state: Verdict["state"], stack: string, counts: Verdict["counts"]): string {
  const { ok, warning, failed, unknown } = counts;
  const rest = [
    ...(warning > 0 ? [counted(warning, "warning")] : []),
    ...(unknown > 0 ? [`${unknown} unknown`] : []),
    `${ok} ok`,
  ].join(", ");
  switch (state) {
    case "failed":
      return `Stack ${stack} is not ready: ${counted(failed, "check")} failed (${rest}). Mend the failures from the top.`;
    case "nothing seen":
      return `Nothing of stack ${stack} could be looked at (${rest}).`;
    case "unknown":
      return `No check of stack ${stack} failed, but ${unknown} could not look (${rest}). What is unknown is not ok.`;
    case "warnings":
      return `No check of stack ${stack} failed (${rest}).`;
    case "ready":
      return `Stack ${stack} is ready: every check is ok (${ok}).`;
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
