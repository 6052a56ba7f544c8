/**
 * Aborts on Ctrl-C, a polite kill, or the loss of the terminal (a broken SSH connection), so that a command stops what it has
 * started before it ends. A second Ctrl-C changes nothing: people press it twice, and what runs would be left behind. The third ends
 * at once.
 */
export function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  let asked = 0;
  const stop = (): void => {
    asked += 1;
    if (asked === 1) controller.abort(new DOMException("interrupted", "AbortError"));
    else if (asked === 2)
      process.stderr.write("Stopping what was started. A third Ctrl-C exits at once and leaves it running.\n");
    else process.exit(130);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  // Node would end on the spot, under `nohup` too: a live database would keep its gate closed, and a throwaway would be left.
  process.on("SIGHUP", () => {
    if (!controller.signal.aborted) stop();
  });
  return controller.signal;
}
