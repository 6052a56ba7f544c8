import type { Reporter } from "./reporter.ts";

/** How long a named part of an operation took, in milliseconds. */
export interface Phase {
  name: string;
  durationMs: number;
}

/** Measures the phases of an operation and reports each as it begins. */
export class PhaseTimer {
  readonly phases: Phase[] = [];
  readonly #reporter: Reporter;

  constructor(reporter: Reporter) {
    this.#reporter = reporter;
  }

  /** Runs one phase. `sentence` is what people read while it runs. */
  async run<T>(name: string, sentence: string, work: () => Promise<T>): Promise<T> {
    this.#reporter(sentence);
    const startedAt = performance.now();
    const result = await work();
    this.phases.push({ name, durationMs: Math.round(performance.now() - startedAt) });
    return result;
  }
}
