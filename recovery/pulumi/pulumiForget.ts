import { z } from "zod";

/** A resource as the engine notes it: what of it is needed to take it out of the state. */
const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  protect: z.boolean().optional(),
  parent: z.string().optional(),
  dependencies: z.array(z.string()).nullish(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullish()).nullish(),
  deletedWith: z.string().optional(),
});
const exported = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(resource).nullish(),
    pending_operations: z.array(z.unknown()).nullish(),
  }),
});

/** Which resources leave a stack's state, and which ones lose their protection. */
export interface Forgetting {
  forgets: (resource: { urn: string; type: string }) => boolean;
  unprotects: (resource: { urn: string; type: string }) => boolean;
}

/**
 * A stack's state without some resources, and without every reference to them, so that the engine takes the rest as whole: what is
 * forgotten stays as it is in its service. Undefined if nothing would change. Parents can't be forgotten.
 *
 * @throws Error if an update was killed and is still to be resumed: what it was creating may be among them
 */
export function forgetting(exportJson: string, { forgets, unprotects }: Forgetting): string | undefined {
  const state = exported.parse(JSON.parse(exportJson));
  if ((state.deployment.pending_operations ?? []).length > 0)
    throw new Error("an update of this stack was killed: run `castchat-recovery resume` for it first");
  const resources = state.deployment.resources ?? [];
  const gone = new Set(resources.filter(forgets).map(({ urn }) => urn));
  const orphan = resources.find(({ urn, parent }) => parent !== undefined && gone.has(parent) && !gone.has(urn));
  if (orphan !== undefined) throw new Error(`${orphan.urn} would lose its parent`);
  const isKept = (urn: string) => !gone.has(urn);
  const kept = resources
    .filter(({ urn }) => isKept(urn))
    .map((one) => {
      const { dependencies, propertyDependencies, deletedWith } = one;
      return {
        ...one,
        ...(dependencies && { dependencies: dependencies.filter(isKept) }),
        ...(propertyDependencies && {
          propertyDependencies: Object.fromEntries(
            Object.entries(propertyDependencies).map(([name, urns]) => [name, urns?.filter(isKept) ?? urns]),
          ),
        }),
        ...(deletedWith !== undefined && !isKept(deletedWith) && { deletedWith: undefined }),
        ...(one.protect === true && unprotects(one) && { protect: false }),
      };
    });
  const isSame = gone.size === 0 && !resources.some((one) => one.protect === true && unprotects(one));
  return isSame ? undefined : JSON.stringify({ ...state, deployment: { ...state.deployment, resources: kept } });
}
