import { Command } from "commander";

import { abandon } from "../../../recovery/restore/inPlace/replace.ts";
import { STAYS_STOPPED } from "../../../recovery/restore/inPlace/replaceSteps.ts";
import { example } from "../../terminal/help.ts";
import { abortOnInterrupt } from "../../terminal/interruption.ts";
import { jsonOption, stackOption } from "../../terminal/options.ts";
import { printResult, reportLine } from "../../terminal/progress.ts";
import { TARGET_HELP, targetUrl } from "./source.ts";

const SENTENCES = {
  nothing: "No replacement was interrupted, so nothing was changed.",
  old: "The old state is back, and complete.",
  new: "The new state was already live, and is complete.",
} as const;

/** `castchat-recovery restore abandon`: goes back from an interrupted replacement to the state before it. */
export function abandonCommand(): Command {
  return new Command("abandon")
    .description("end an interrupted `restore in-place`: put the old state back, or finish if the new one is live")
    .addOption(stackOption())
    .addOption(jsonOption("state (nothing, old or new), stopped"))
    .addHelpText("after", TARGET_HELP)
    .addHelpText("after", example("restore abandon -s prod"))
    .action(async (options: { json?: boolean }) => {
      const { state, stillClosed } = await abandon({
        targetUrl: targetUrl(),
        reporter: reportLine,
        signal: abortOnInterrupt(),
      });
      const gate = stillClosed ? STAYS_STOPPED : "Writes are allowed.";
      printResult({ state, stopped: stillClosed }, options.json === true, [
        SENTENCES[state],
        ...(state === "nothing" ? [] : [gate]),
      ]);
    });
}
