import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { isDeepStrictEqual } from "node:util";

import { messageOf, UserError } from "../../services/common/errors.ts";
import type { ProjectContent } from "../../services/databaseHost/projectContent.ts";
import { ServiceFailures } from "../../services/http/serviceFailures.ts";
import { readPart } from "../vault/readPart.ts";
import type { FunctionFrom } from "./besidePlan.ts";

/** Where the functions go. */
export interface RestoreFunctionsOptions {
  project: ProjectContent;
  /** Whether what was deployed since the database was restored stays as it is. */
  keepsNewer: boolean;
  signal: AbortSignal;
}

/** What became of the functions, by slug. */
export interface RestoredFunctions {
  /** Left, as another one was deployed since. */
  newer: string[];
  /** What the platform did not take, or the vault did not give, with the reason. */
  failed: Map<string, string>;
}

/**
 * Deploys edge functions. Can be run again: one that is there with the same code and settings is left alone. Each code is read back and
 * compared by its SHA-256. One that fails costs that function only. UserError where the vault can't be reached.
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
      // The vault's own: nothing else can be brought either.
      if (error instanceof UserError) throw error;
      restored.failed.set(slug, messageOf(error));
      if (!failures.failed(error)) isDown = messageOf(error);
    }
  }
  return restored;
}

/** False where a newer one is left. */
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
