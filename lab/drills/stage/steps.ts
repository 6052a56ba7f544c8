import type { Clock } from "../../../services/common/clock.ts";
import { showProgress } from "../../../services/common/terminal.ts";

/** One finished step of a drill. */
export interface StepRecord {
  name: string;
  startedAt: string;
  durationMs: number;
}

/** Runs the steps of a drill in order, shows each with its elapsed time, and records its duration. */
export class Steps {
  readonly records: StepRecord[] = [];
  readonly #clock: Clock;
  readonly #stream: NodeJS.WriteStream;
  readonly #signal: AbortSignal;

  constructor(options: { clock: Clock; stream: NodeJS.WriteStream; signal: AbortSignal }) {
    this.#clock = options.clock;
    this.#stream = options.stream;
    this.#signal = options.signal;
  }

  /** Runs one step, unless the drill was interrupted. `say` changes the text beside its name. */
  async run<T>(name: string, action: (say: (detail: string) => void) => Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    const started = this.#clock();
    try {
      return await showProgress(name, { stream: this.#stream, clock: this.#clock }, action);
    } finally {
      const durationMs = this.#clock().getTime() - started.getTime();
      this.records.push({ name, startedAt: started.toISOString(), durationMs });
    }
  }
}
