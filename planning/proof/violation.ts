/** A day on which a promise is not kept, and what to do about it. */
export interface Violation {
  /** Number of the first day on which it shows. */
  readonly day: number;
  /** Name of the stack whose vault it is. */
  readonly stack: string;
  readonly tier: string;
  /** Id of the rule that is to blame; what is missing, in words, when there is none. */
  readonly rule: string;
  readonly kind: "coverage" | "early" | "overstay" | "marker" | "upload" | "replica" | "hold";
  /** What is wrong. */
  readonly what: string;
  /** What to change. */
  readonly change: string;
}

/** Keeps, of the violations with one cause, the one that shows first. */
export class ViolationList {
  readonly #first = new Map<string, Violation>();

  add(violation: Violation): void {
    const cause = [violation.kind, violation.stack, violation.tier, violation.rule].join(" ");
    const known = this.#first.get(cause);
    if (known === undefined || violation.day < known.day) this.#first.set(cause, violation);
  }

  /** In the order of their days. */
  all(): Violation[] {
    return [...this.#first.values()].sort((one, other) => one.day - other.day);
  }
}
