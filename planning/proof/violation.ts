import { dateOf } from "../retention/time.ts";

/** A day on which a promise is not kept, and what to do about it. */
export interface Violation {
  /** Number of the first day with this violation. */
  readonly day: number;
  /** Name of the vault's stack. */
  readonly stack: string;
  readonly tier: string;
  /** Id of the rule that causes it, or the missing thing in words. */
  readonly rule: string;
  readonly kind: "coverage" | "early" | "overstay" | "marker" | "upload" | "replica" | "hold";
  /** What is wrong. */
  readonly what: string;
  /** What to change. */
  readonly change: string;
}

/** The violation as a sentence for people, with the change that mends it. */
export function violationSentence({ day, stack, tier, rule, what, change }: Violation): string {
  return `${dateOf(day)}, ${stack}, tier ${tier}, rule ${rule}: ${what}. Change: ${change}.`;
}

/** Keeps the first violation of each cause. */
export class ViolationList {
  readonly #first = new Map<string, Violation>();

  add(violation: Violation): void {
    const cause = [violation.kind, violation.stack, violation.tier, violation.rule].join(" ");
    const known = this.#first.get(cause);
    if (known === undefined || violation.day < known.day) this.#first.set(cause, violation);
  }

  /** Ordered by day. */
  all(): Violation[] {
    return [...this.#first.values()].sort((one, other) => one.day - other.day);
  }
}
