import { readExport, type StateResource } from "./exportedState.ts";

/** Which resources leave a stack's state, and which ones lose their protection. */
export interface Forgetting {
  forgets: (resource: Pick<StateResource, "urn" | "type">) => boolean;
  unprotects: (resource: Pick<StateResource, "urn" | "type">) => boolean;
}

/**
 * A stack's state without some resources, and without every reference to them, so that the engine finds nothing missing. What is forgotten
 * stays as it is in its service. Undefined if nothing would change. A parent can't be forgotten without its children.
 *
 * @throws Error if an update was killed and not resumed: what it was creating may be among them
 */
export function forgetting(exportJson: string, { forgets, unprotects }: Forgetting): string | undefined {
  const { resources, pending, changed } = readExport(exportJson);
  if (pending.length > 0)
    throw new Error("An update of this stack was killed. Run `castchat-recovery resume` for this stack first.");
  const gone = new Set(resources.filter(forgets).map(({ urn }) => urn));
  const losesProtection = (one: StateResource) => one.protect === true && unprotects(one);
  if (gone.size === 0 && !resources.some(losesProtection)) return undefined;
  const orphan = resources.find(({ urn, parent }) => parent !== undefined && gone.has(parent) && !gone.has(urn));
  if (orphan !== undefined) throw new Error(`${orphan.urn} would lose its parent, so the state is not changed.`);
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
        ...(losesProtection(one) && { protect: false }),
      };
    });
  return changed({ resources: kept });
}
