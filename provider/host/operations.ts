/** A provider's running operations, so that a single Cancel stops all of them. */
export class RunningOperations {
  readonly #controllers = new Set<AbortController>();

  /** How many operations run. */
  get count(): number {
    return this.#controllers.size;
  }

  /** Runs work under a signal. Cancel aborts it, and so does the resource's custom timeout (in seconds; 0 for none). */
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
      // Aborted work throws "The operation was aborted"; the reason for the abort is more useful.
      throw thrown instanceof Error && thrown.name === "AbortError" ? (controller.signal.reason ?? thrown) : thrown;
    } finally {
      clearTimeout(timer);
      this.#controllers.delete(controller);
    }
  }

  /** Aborts all running operations. */
  cancel(): void {
    for (const controller of this.#controllers)
      controller.abort(new Error("Stopped on request before it was done. Run the same command again to continue."));
  }
}
