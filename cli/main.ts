import { castchatRecovery } from "./program.ts";
import { outliveClosedOutput } from "./terminal/closedOutput.ts";
import { exitCodeOf, explanationOf } from "./terminal/failure.ts";
import { presentForm } from "./terminal/formerCommands.ts";

outliveClosedOutput();

const { args, note } = presentForm(process.argv.slice(2));
if (note !== undefined) process.stderr.write(`${note}\n`);

try {
  const program = await castchatRecovery(args);
  await program.parseAsync(args, { from: "user" });
} catch (error) {
  const explanation = explanationOf(error);
  if (explanation !== undefined) process.stderr.write(`${explanation}\n`);
  process.exitCode = exitCodeOf(error);
}
