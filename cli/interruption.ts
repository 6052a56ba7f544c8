/**
 * Aborts on Ctrl-C, a polite kill, or the end of its terminal (a lost SSH connection), so that a command stops what it has started before it
 * ends: a test restore's server would stay, with all rows in it. A second Ctrl-C changes nothing: people press it twice, and what runs would
 * be left behind. The third ends at once.
 */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  let asked = 0;
  const stop = (): void => {
    asked += 1;
    if (asked === 1) controller.abort(new DOMException("interrupted", "AbortError"));
    else if (asked === 2) process.stderr.write("Stopping what was started. Once more leaves it running.\n");
    else process.exit(130);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  process.on("SIGHUP", () => {
    // The terminal is gone: what is still written to it fails, and must not end the stopping.
    for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
    if (!controller.signal.aborted) stop();
  });
  return controller.signal;
}
