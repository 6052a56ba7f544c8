import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";

import { messageOf, UserError } from "../../services/common/errors.ts";
import type { ProjectContent } from "../../services/databaseHost/projectContent.ts";
import { ServiceFailures } from "../../services/http/serviceFailures.ts";
import { readPart } from "../vault/readPart.ts";
import type { FunctionFrom } from "./projectPlan.ts";

/** Where the functions are deployed. */
export interface RestoreFunctionsOptions {
  project: ProjectContent;
  /** Whether functions that were deployed since the database was restored are kept. */
  keepsNewer: boolean;
  signal: AbortSignal;
}

/** The result for each function, by slug. */
export interface RestoredFunctions {
  /** Functions that were kept, as another version was deployed since. */
  newer: string[];
  /** Functions that the platform did not accept or the vault did not return, with the reason. */
  failed: Map<string, string>;
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
): Promise<RestoredFunctions> {
  const restored: RestoredFunctions = { newer: [], failed: new Map() };
  const failures = new ServiceFailures();
  let isDown: string | undefined;
  for (const one of functions) {
    const slug = one.file.name;
    try {
      if (isDown !== undefined) restored.failed.set(slug, isDown);
      else if (!(await restoreFunction(options, one))) restored.newer.push(slug);
    } catch (error) {
      options.signal.throwIfAborted();
      // An error of the vault affects all others too.
      if (error instanceof UserError) throw error;
      restored.failed.set(slug, messageOf(error));
      if (!failures.failed(error)) isDown = messageOf(error);
    }
  }
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
