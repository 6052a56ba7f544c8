import { copyFile, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import { UserError } from "../../services/common/errors.ts";
import { checkpointPath } from "../../settings/stateBackendUrl.ts";
import { folderOfBackend } from "./stateBackend.ts";

/** What was found and mended. */
export type CheckpointRepair = "whole" | "attributes removed" | "previous checkpoint taken";

/**
 * Mends a stack's checkpoint in a `file://` backend whose engine was killed while it wrote. The file of attributes beside it is not written
 * atomically, and an unreadable one hides a whole checkpoint. A broken checkpoint is put aside and replaced by the previous one, which the
 * engine keeps. Other backends replace objects as a whole.
 *
 * @throws UserError if neither checkpoint can be read
 */
export async function repairCheckpoint(backendUrl: string, project: string, stack: string): Promise<CheckpointRepair> {
  if (!backendUrl.startsWith("file://")) return "whole";
  const file = join(folderOfBackend(backendUrl), `${checkpointPath(project, stack)}.json`);
  const attributes = await stateOf(`${file}.attrs`);
  if (attributes === "broken") await rm(`${file}.attrs`);
  const checkpoint = await stateOf(file);
  if (checkpoint === "whole") return attributes === "broken" ? "attributes removed" : "whole";
  if ((await stateOf(`${file}.bak`)) !== "whole") {
    if (checkpoint === "missing") return "whole"; // a stack that was never deployed: the engine says so itself
    throw new UserError(
      `The state of stack ${stack} cannot be read, and neither can its previous one. Restore ${file} from a copy, or import the stackState of a backup: \`castchat-recovery config show\` for the other stack prints it, \`pulumi stack import\` takes it.`,
    );
  }
  if (checkpoint === "broken") await rename(file, `${file}.broken`);
  await rm(`${file}.attrs`, { force: true });
  await copyFile(`${file}.bak`, file);
  return "previous checkpoint taken";
}

async function stateOf(path: string): Promise<"whole" | "broken" | "missing"> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "missing";
    throw error;
  }
  try {
    JSON.parse(text);
    return "whole";
  } catch {
    return "broken";
  }
}
