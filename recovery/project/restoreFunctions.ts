import { createHash } from "node:crypto";
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
 * Deploys edge functions, reads each back, and compares its SHA-256. Can be run again: a function with the same code and settings is not
 * deployed again. A failure affects only its function.
 *
 * @throws UserError if the vault can't be reached
 */
export async function restoreFunctions(
  options: RestoreFunctionsOptions,
  functions: readonly FunctionFrom[],
): Promise<Restored> {
  const restored: Restored = { newer: [], failed: new Map() };
  const restore = (one: FunctionFrom, signal: AbortSignal) => restoreFunction({ ...options, signal }, one);
  await restoreEach(functions, 1, restore, restored, options.signal);
  return restored;
}

/** False if a newer version is kept. */
async function restoreFunction(
  { project, keepsNewer, signal }: RestoreFunctionsOptions,
  { file, source, settings }: FunctionFrom,
): Promise<boolean> {
  const there = (await project.functions(signal)).find(({ slug }) => slug === file.name);
  const isSame = isDeepStrictEqual(there, settings);
  if (isSame && hashOf(await project.functionBody(file.name, signal)) === file.contentSha256) return true;
  if (there !== undefined && keepsNewer) return false;
  await project.deployFunction(settings, await buffer(await readPart(source, file, signal)), signal);
  if (hashOf(await project.functionBody(file.name, signal)) === file.contentSha256) return true;
  throw new Error(`it is not what backup ${source.manifest.backupId} holds`);
}

function hashOf(content: Buffer | undefined): string | undefined {
  return content && createHash("sha256").update(content).digest("hex");
}
