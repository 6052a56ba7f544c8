import { EXIT } from "./failure.ts";

/**
 * Keeps a command alive when its output is closed: a pipe (`| head`), or a terminal that is gone. Without it Node would end at once with a
 * stack trace, and leave the command's work half done. A closed pipe is not a failure. If the result could not be written for another
 * reason, the command reports that and exits with 1.
 */
export function outliveClosedOutput(): void {
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    process.stderr.write(`The result could not be written: ${error.message}.\n`);
    process.exitCode ||= EXIT.promiseNotKept;
  });
}
