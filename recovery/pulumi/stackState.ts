import { promisify } from "node:util";
import { gunzip } from "node:zlib";

import { z } from "zod";

import { CHECKPOINT_ENDINGS, checkpointPath } from "../../settings/stateBackendUrl.ts";
import { withStateBackend } from "./stateBackend.ts";

/** A checkpoint as the engine writes it (sdk/go/common/apitype, VersionedCheckpoint). */
const checkpointContent = z.object({
  version: z.number().int().min(3),
  features: z.array(z.string()).optional(),
  checkpoint: z.object({ latest: z.record(z.string(), z.unknown()).nullish() }),
});

/**
 * Reads a stack's state out of a `file://` or `s3://` backend, without an engine and without the key to its secrets. It has the form of
 * `pulumi stack export`, which `pulumi stack import` takes.
 *
 * @throws Error with one clause if the backend is another one or has no such stack, or if the stack was never deployed
 */
export async function readStackState(backendUrl: string, project: string, stack: string): Promise<object> {
  const path = checkpointPath(project, stack);
  const content = await withStateBackend(backendUrl, async (backend) => {
    const there = await backend.list(`${path}.json`);
    const found = CHECKPOINT_ENDINGS.map((ending) => path + ending).find((one) => there.includes(one));
    if (found === undefined)
      throw new Error(
        `${backendUrl} holds no state of stack ${stack} of project ${project}: check PULUMI_BACKEND_URL of the last \`pulumi up\``,
      );
    const bytes = await backend.read(found);
    return found.endsWith(".gz") ? await promisify(gunzip)(bytes) : bytes;
  });
  if (content === undefined)
    throw new Error(`the state in ${backendUrl} can't be read here, only states in s3:// and file:// backends`);
  return stateIn(content.toString("utf8"), stack);
}

function stateIn(text: string, stack: string): object {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message would quote what it could not read.
    throw new Error(`the state of stack ${stack} is not JSON: compare it with \`pulumi stack export\``);
  }
  const parsed = checkpointContent.safeParse(json);
  if (!parsed.success) throw new Error(`the state of stack ${stack} has a format that this version does not know`);
  const { version, features, checkpoint } = parsed.data;
  if (!checkpoint.latest) throw new Error(`stack ${stack} has never been deployed: run \`pulumi up -s ${stack}\``);
  return { version, ...(features && { features }), deployment: checkpoint.latest };
}
