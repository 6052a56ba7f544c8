import ora from "ora";
import type { Clock } from "./clock.ts";
import type { Reporter } from "./reporter.ts";

/** How a long action is shown. */
export interface ProgressOptions {
  stream: NodeJS.WriteStream;
  clock: Clock;
}

/** Runs an action and shows its title, what it is doing and the elapsed time; then whether it ended well. */
export async function showProgress<T>(
  title: string,
  options: ProgressOptions,
  action: (reporter: Reporter) => Promise<T>,
): Promise<T> {
  const started = options.clock().getTime();
  const elapsed = (): string => duration(options.clock().getTime() - started);
  let detail = "";
  // Ctrl-C belongs to the command, which stops what it has started: the spinner must not swallow it.
  const spinner = ora({ text: title, stream: options.stream, discardStdin: false }).start();
  const ticking = setInterval(() => {
    spinner.text = `${title}${detail === "" ? "" : ` – ${detail}`} (${elapsed()})`;
  }, 250);
  try {
    const result = await action((message) => {
      detail = message;
    });
    spinner.succeed(`${title} (${elapsed()})`);
    return result;
  } catch (error) {
    spinner.fail(`${title} (${elapsed()})`);
    throw error;
  } finally {
    clearInterval(ticking);
  }
}

/** A duration in milliseconds for people: `0.4 s`, `12.3 s`, `3 min 05 s`, `25 h 00 min`. */
export function duration(durationMs: number): string {
  const total = durationMs / 1000;
  if (total < 59.95) return `${total.toFixed(1)} s`;
  const whole = Math.round(total);
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours > 0
    ? `${hours} h ${String(minutes).padStart(2, "0")} min`
    : `${minutes} min ${String(whole % 60).padStart(2, "0")} s`;
}
