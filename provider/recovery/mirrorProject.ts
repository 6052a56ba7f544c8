import { z } from "zod";

import { UserError } from "../../services/common/errors.ts";
import { unlessNotFound } from "../../services/http/http.ts";
import type { ResourceHandler } from "../host/index.ts";
import type { RecoveryContext } from "./context.ts";

const inputs = z.strictObject({
  /** Path of the project with its groups. */
  fullName: z.string().regex(/^[^/]+(\/[^/]+)+$/, { error: "must be a project with its group, as group/name." }),
  /** The mirrored repository, as owner/name. */
  mirrorOf: z.string().min(1),
});
type Inputs = z.infer<typeof inputs>;
type Outputs = Record<string, never>;

/** Says what a project is for, and that it is of this program: the end of it is what an interrupted create is known by. */
const descriptionOf = (mirrorOf: string) => `Mirror of ${mirrorOf}, filled by castchat-recovery`;
const DESCRIPTION = /^Mirror of (\S+), filled by castchat-recovery$/;

/**
 * `recovery:index:MirrorProject`: a private project on GitLab, in which no pipeline runs, id = its path. A project of that name which is of another
 * kind is never taken over. Deleted, it is archived: its content stays, and pushes are refused. Declared again, an archived one is taken back.
 */
export const mirrorProject: ResourceHandler<RecoveryContext, Inputs, Outputs> = {
  inputs,
  replaceOn: ["fullName", "mirrorOf"],
  async create(context, { fullName, mirrorOf }, signal) {
    const host = context.mirrorHost("gitlab");
    const found = await host.repository(fullName, signal);
    if (found === undefined) {
      await host.createRepository(fullName, descriptionOf(mirrorOf), signal);
      return { id: fullName, outputs: {} };
    }
    const described = await describedAs(context, found.fullName, signal);
    if (found.fullName.toLowerCase() !== fullName.toLowerCase() || described !== mirrorOf || !found.isPrivate)
      throw new UserError(
        `GitLab has a project ${found.fullName} already, which is not the mirror of ${mirrorOf}. Set another gitlabMirror, or delete that project.`,
      );
    if (found.isArchived) await host.setArchived(fullName, false, signal);
    await host.setWorkflows(fullName, false, signal);
    return { id: fullName, outputs: {} };
  },
  async read(context, id, last, signal) {
    const found = await context.mirrorHost("gitlab").repository(id, signal);
    if (found === undefined || found.isArchived) return undefined;
    const mirrorOf = await describedAs(context, found.fullName, signal);
    if (last === undefined && mirrorOf === undefined)
      throw new UserError(`The project ${id} on GitLab is no mirror of this program, so it cannot be imported.`);
    const asDeclared = { ...last?.inputs, mirrorOf: last?.inputs.mirrorOf ?? mirrorOf ?? "" };
    // A path has no case. One that was moved shows as a change, which the next preview reports.
    const isSame = last?.inputs.fullName.toLowerCase() === found.fullName.toLowerCase();
    return { id, inputs: { ...asDeclared, fullName: isSame ? last.inputs.fullName : found.fullName }, outputs: {} };
  },
  async delete(context, id, _olds, signal) {
    const host = context.mirrorHost("gitlab");
    const found = await host.repository(id, signal);
    if (found === undefined || found.isArchived) return;
    await unlessNotFound(host.setArchived(found.fullName, true, signal));
  },
};

/** The repository that a project says to be the mirror of. */
async function describedAs(
  context: RecoveryContext,
  fullName: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const exported = await context.mirrorHost("gitlab").exportRepository(fullName, signal);
  const description = exported?.["description"];
  return typeof description === "string" ? DESCRIPTION.exec(description)?.[1] : undefined;
}
