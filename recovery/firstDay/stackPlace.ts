import { z } from "zod";

import type { Site } from "../../planning/names.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import { ENDPOINT_KEYS, type Endpoints, withEndpoints } from "../../settings/endpoints.ts";
import { SETTINGS } from "../../settings/schema.ts";
import { readWorkspace } from "../pulumi/previewWorkspace.ts";

const PLACE = z
  .object(ENDPOINT_KEYS)
  .extend(SETTINGS.pick({ role: true, awsAccountId: true, awsRegion: true, deployerArns: true }).shape);

/** Where a stack is, before it is. */
export interface StackPlace {
  readonly site: Site;
  readonly deployerArns: readonly string[] | undefined;
  readonly endpoints: Endpoints;
}

/**
 * Reads a stack's place from its file, which may lack settings that only a later step sets.
 *
 * @throws UserError if the file is missing, or has no right place
 */
export async function stackPlaceIn(workspace: string, stack: string): Promise<StackPlace> {
  const { project, config = {} } = await readWorkspace(workspace, stack);
  const own = Object.entries(config).filter(([key, value]) => key.startsWith(`${project}:`) && value !== "");
  const parsed = PLACE.safeParse(Object.fromEntries(own.map(([key, value]) => [key.slice(project.length + 1), value])));
  if (!parsed.success)
    throw new UserError(
      `Pulumi.${stack}.yaml does not say where the stack is: ${messageOf(parsed.error)}. \`castchat-recovery init\` writes it.`,
    );
  const { role, awsAccountId: accountId, awsRegion: region, deployerArns, endpoints } = withEndpoints(parsed.data);
  return {
    site: { project, role, accountId, region },
    deployerArns: deployerArns.length > 0 ? deployerArns : undefined,
    endpoints,
  };
}
