import { Command } from "commander";

import { diffCommand } from "./diff.ts";
import { restoreCommand } from "./restore.ts";
import { showCommand } from "./show.ts";

/** `castchat-recovery config show | diff | restore`: the configuration that backups hold. */
export function configCommand(): Command {
  return new Command("config").addCommand(showCommand()).addCommand(diffCommand()).addCommand(restoreCommand());
}
