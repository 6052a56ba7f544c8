import { Command } from "commander";

import { diffCommand } from "./diff.ts";
import { showCommand } from "./show.ts";

/** `castchat-recovery config show | diff`: the configuration that backups hold. */
export function configCommand(): Command {
  return new Command("config").addCommand(showCommand()).addCommand(diffCommand());
}
