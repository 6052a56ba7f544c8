/**
 * Aborts on Ctrl-C or a polite kill, so that a command stops what it has started before it ends.
 * A second Ctrl-C ends at once.
 */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new DOMException("interrupted", "AbortError"));
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return controller.signal;
}
