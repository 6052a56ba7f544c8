import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { showProgress } from "../../services/common/terminal.ts";
import { visible, visibleText } from "../../services/common/visibleText.ts";

/** Shows what a command is doing on the error stream, so that its output stays clean. */
export async function withProgress<T>(title: string, action: (reporter: Reporter) => Promise<T>): Promise<T> {
  return showProgress(title, { stream: process.stderr, clock: systemClock, inLines: true }, action);
}

/** Shows progress as plain lines on the error stream, if the command may ask: a spinner would be in the way. */
export const reportLine: Reporter = (message) => void process.stderr.write(`${visible(message)}\n`);

/** The same for a text of several lines, such as a list of faults. */
export const reportText: Reporter = (text) => void process.stderr.write(`${visibleText(text)}\n`);

/** Prints a result, and nothing else, on stdout: JSON for programs, lines for people. */
export function printResult(result: unknown, asJson: boolean, lines: readonly string[]): void {
  process.stdout.write(`${visibleText(asJson ? JSON.stringify(result, null, 2) : lines.join("\n"))}\n`);
}

/** Writes to the file that an option names. UserError if that fails. */
export async function toNamedFile(file: string, write: (file: string) => Promise<void>): Promise<void> {
  try {
    await write(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new UserError(`${file} can't be written (${code}): name another file.`, { cause: error });
  }
}
