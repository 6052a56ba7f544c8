import { Command } from "commander";

import { doctor } from "../../recovery/doctor/doctor.ts";
import { verdictOf } from "../../recovery/doctor/verdict.ts";
import { readPatient } from "../stack/doctorPatient.ts";
import { EXIT } from "../terminal/failure.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult, withProgress } from "../terminal/progress.ts";
import { doctorLines } from "../text/doctorText.ts";

/** How long an examination may take, the reading of the stack included: with the program's start it stays below 30 s. */
const LIMIT_MS = 27_000;

/**
 * `castchat-recovery doctor`: looks at everything that a backup, a drill and a recovery depend on, and changes nothing. Exit code 1 if a check
 * failed, 2 if none could look.
 */
export function doctorCommand(): Command {
  return new Command("doctor")
    .addOption(stackOption())
    .addOption(jsonOption("stack, state, counts, verdict; findings with id, category, about, state, says, fix, docs"))
    .addHelpText("after", example("doctor -s dr"))
    .action(async ({ stack, json = false }: { stack: string; json?: boolean }) => {
      const signal = abortOnInterrupt();
      const deadline = AbortSignal.timeout(LIMIT_MS);
      const findings = await withProgress(`Examining stack ${stack}`, async () =>
        doctor(await readPatient(stack, { deadline, signal }), { deadline, signal }),
      );
      const { state, counts, sentence } = verdictOf(stack, findings);
      const result = { stack, state, counts, verdict: sentence, findings };
      printResult(result, json, doctorLines(findings, { state, counts, sentence }));
      if (state === "failed") process.exitCode = EXIT.promiseNotKept;
      if (state === "nothing seen") process.exitCode = EXIT.wrongUse;
    });
}
