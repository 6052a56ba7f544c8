import type * as pulumi from "@pulumi/pulumi";

/** How a site declares what existed before it. */
export interface Managing {
  /** Import ids, by the resource's name. A preview apart from the state has none. */
  readonly ids: Readonly<Record<string, string>>;
  /** Names of the resources that `castchat-recovery adopt` is bringing in. @default - none */
  readonly bringIn?: readonly string[] | undefined;
}

/** The inputs of a managed resource: those that the program declares, and those that stay as they are. */
export interface ManagedInputs {
  readonly declared: readonly string[];
  readonly left: readonly string[];
}

/**
 * The options of a resource that existed before the program. It is never deleted, whatever the setting `protect` says. Its id makes the engine
 * import it in place of creating it, if it ever leaves the state. While it is brought in, every input is ignored: the engine updates an
 * imported resource that differs from the program (pulumi/pulumi, pkg/resource/deploy/step_generator.go, continueStepsFromImport).
 */
export function managedOptions(
  name: string,
  parent: pulumi.Resource,
  { ids, bringIn = [] }: Managing,
  { declared, left }: ManagedInputs,
): pulumi.CustomResourceOptions {
  const id = ids[name];
  return {
    parent,
    protect: true,
    retainOnDelete: true,
    ...(id !== undefined && { import: id }),
    ignoreChanges: bringIn.includes(name) ? [...declared, ...left] : [...left],
  };
}
