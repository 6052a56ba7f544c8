import type { Clock } from "./clock.ts";
import type { Reporter } from "./reporter.ts";
import { visible } from "./visibleText.ts";

/** How a long action is shown. */
export interface ProgressOptions {
  stream: NodeJS.WriteStream;
  clock: Clock;
  /** Without a terminal (a pipe, a file, a scheduler's log), print a line for each message. */
  inLines?: boolean;
}

/** Runs an action and shows its title, what it is doing and the elapsed time; then whether it ended well. */
export async function showProgress<T>(
  title: string,
  options: ProgressOptions,
  action: (reporter: Reporter) => Promise<T>,
): Promise<T> {
  const { stream, clock } = options;
  const started = clock().getTime();
  const elapsed = (): string => duration(clock().getTime() - started);
  const named = visible(title);
  let detail = "";
  // The command handles Ctrl-C and stops what it has started: the spinner must not swallow it.
  const { default: ora } = await import("ora");
  const spinner = ora({ text: named, stream, discardStdin: false }).start();
  // ora also recognizes terminals that can't be drawn on.
  const { isEnabled: draws } = spinner;
  const ticking = setInterval(() => {
    spinner.text = `${named}${detail === "" ? "" : ` – ${detail}`} (${elapsed()})`;
  }, 250);
  const end = (symbol: "✔" | "✖"): void => {
    const text = `${named} (${elapsed()})`;
    // ora's symbols would be coloured in a file, too, if TERM is set.
    if (!draws) stream.write(`${symbol} ${text}\n`);
    else if (symbol === "✔") spinner.succeed(text);
    else spinner.fail(text);
  };
  try {
    const result = await action((message) => {
      detail = visible(message);
      if (!draws && options.inLines === true) stream.write(`- ${named} – ${detail} (${elapsed()})\n`);
    });
    end("✔");
    return result;
  } catch (error) {
    end("✖");
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
