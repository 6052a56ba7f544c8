import { castchatRecovery } from "./program.ts";
import { outliveClosedOutput } from "./terminal/closedOutput.ts";
import { exitCodeOf, explanationOf } from "./terminal/failure.ts";
import { presentForm } from "./terminal/formerCommands.ts";
import { reportText } from "./terminal/progress.ts";

outliveClosedOutput();

const { args, note } = presentForm(process.argv.slice(2));
if (note !== undefined) reportText(note);

try {
  const program = await castchatRecovery(args);
  await program.parseAsync(args, { from: "user" });
} catch (error) {
  const explanation = explanationOf(error);
  if (explanation !== undefined) reportText(explanation);
  process.exitCode = exitCodeOf(error);
}
