import { buffer } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";

import type { ProjectContent } from "../../services/databaseHost/projectContent.ts";
import { readPart } from "../vault/readPart.ts";
import type { FunctionFrom } from "./projectPlan.ts";
import { type Restored, restoreEach } from "./restoreEach.ts";

/** Where the functions are deployed. */
export interface RestoreFunctionsOptions {
  project: ProjectContent;
  /** Whether functions that were deployed since the database was restored are kept. */
  keepsNewer: boolean;
  signal: AbortSignal;
}

/**
 * Deploys edge functions, reads each back, and compares its code, whatever its encoding, and whether it asks for a session. Can be run again:
 * a function with the same code and settings is not deployed again. A failure affects only its function.
 *
 * @throws UserError if the vault can't be reached
 */
export async function restoreFunctions(
  options: RestoreFunctionsOptions,
  functions: readonly FunctionFrom[],
): Promise<Restored> {
  const restore = (one: FunctionFrom, signal: AbortSignal) => restoreFunction({ ...options, signal }, one);
  return await restoreEach(functions, 1, restore, options.signal);
}

/** False if a newer version is kept. */
async function restoreFunction(
  { project, keepsNewer, signal }: RestoreFunctionsOptions,
  { file, source, settings }: FunctionFrom,
): Promise<boolean> {
  const body = await buffer(await readPart(source, file, signal));
  const wanted = project.codeDigest(body);
  const deployed = async () => (await project.functions(signal)).find(({ slug }) => slug === file.name);
  const hasCode = async () => {
    const now = await project.functionBody(file.name, signal);
    return now !== undefined && project.codeDigest(now) === wanted;
  };
  const there = await deployed();
  if (isDeepStrictEqual(there, settings) && (await hasCode())) return true;
  if (there !== undefined && keepsNewer) return false;
  await project.deployFunction(settings, body, signal);
  if (!(await hasCode())) throw new Error(`its code is not what backup ${source.manifest.backupId} holds`);
  // The platform may rewrite paths. This decides who may call it.
  if ((await deployed())?.verifyJwt === settings.verifyJwt) return true;
  throw new Error(`it does not ask for a session as in backup ${source.manifest.backupId}`);
}
