import { Command } from "commander";

import { addDefault, example } from "../../terminal/help.ts";
import { abandonCommand } from "./abandon.ts";
import { inPlaceCommand } from "./inPlace.ts";
import { intoEmptyCommand } from "./intoEmpty.ts";
import { tablesCommand } from "./tables.ts";

/** `castchat-recovery restore`: restores a backup of the stack's vault, into an empty database or into a live one. */
export function restoreCommand(): Command {
  const group = new Command("restore");
  return addDefault(group, intoEmptyCommand())
    .addCommand(tablesCommand())
    .addCommand(inPlaceCommand())
    .addCommand(abandonCommand())
    .addHelpText("after", example("restore -s dr --at 2026-07-01T02:00:00Z"));
}
