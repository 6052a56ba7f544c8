/** The operations that run in a provider, so that one Cancel stops them all. */
export class RunningOperations {
  readonly #controllers = new Set<AbortController>();

  /** How many run. */
  get count(): number {
    return this.#controllers.size;
  }

  /** Runs work under a signal that Cancel, or the resource's custom timeout (seconds; 0 for none), aborts. */
  async run<T>(timeoutSeconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#controllers.add(controller);
    const timer =
      timeoutSeconds > 0
        ? setTimeout(
            () =>
              controller.abort(new Error(`Not done within the resource's time limit of ${timeoutSeconds} seconds.`)),
            timeoutSeconds * 1000,
          )
        : undefined;
    try {
      return await work(controller.signal);
    } catch (thrown) {
      // What is aborted throws "The operation was aborted": why it was aborted says more.
      throw thrown instanceof Error && thrown.name === "AbortError" ? (controller.signal.reason ?? thrown) : thrown;
    } finally {
      clearTimeout(timer);
      this.#controllers.delete(controller);
    }
  }

  /** Aborts everything that runs. */
  cancel(): void {
    for (const controller of this.#controllers) {
      controller.abort(new Error("Stopped on request before it was done; run the same command again to go on."));
    }
  }
}
