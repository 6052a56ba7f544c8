import { Command } from "commander";

import { addDefault, example } from "../../terminal/help.ts";
import { acceptCommand } from "./accept.ts";
import { statusCommand } from "./status.ts";
import { updateCommand } from "./update.ts";

/** `castchat-recovery mirror`: the copies of the repositories at other owners and hosts, and on this machine. */
export function mirrorCommand(): Command {
  const group = new Command("mirror");
  return addDefault(group, updateCommand())
    .addCommand(statusCommand())
    .addCommand(acceptCommand())
    .addHelpText("after", example("mirror -s dr"));
}
