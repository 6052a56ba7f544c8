import { EXIT } from "./failure.ts";

/**
 * Keeps a command alive whose output goes nowhere any more: a pipe that was closed (`| head`), a terminal that is gone. Without it
 * Node ends on the spot with a stack trace, and what the command was doing stays half done. A reader who wants no more is no failure;
 * a result that could not be written for another reason is told, with exit code 1.
 */
export function outliveClosedOutput(): void {
  process.stderr.on("error", () => undefined);
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") return;
    process.stderr.write(`The result could not be written: ${error.message}.\n`);
    process.exitCode ||= EXIT.promiseNotKept;
  });
}
