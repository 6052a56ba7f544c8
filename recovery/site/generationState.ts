import { z } from "zod";

import { generationOf } from "../../planning/names.ts";
import { UserError } from "../../services/common/errors.ts";
import { readExport, type StateResource } from "../pulumi/exportedState.ts";

const PROJECT = "recovery:index:SupabaseProject";
const COMPONENT = "castchat:index:Database";
const LEDGER = "recovery:index:Generations";
/** It has stopped the writes to an earlier generation, and does so once. */
const FENCE = "recovery:index:PrimaryFence";

/** A generation of the recovered database, as a stack's state holds it. */
export interface HeldGeneration {
  generation: number;
  projectName: string;
  /** Supabase's own name for the project; empty if it was never created. */
  ref: string;
  region: string;
  /** ISO 8601; empty if it was never created. */
  createdAt: string;
}

/** The generations in what `pulumi stack export` printed, ascending. */
export function generationsIn(exportJson: string): HeldGeneration[] {
  return readExport(exportJson)
    .resources.flatMap((one) => {
      const generation = heldBy(one);
      if (generation === undefined) return [];
      const text = (key: string) => textOf(one.outputs?.[key] ?? one.inputs?.[key]);
      const [projectName, ref, region] = [text("name"), text("ref"), text("region")];
      return [{ generation, projectName, ref, region, createdAt: text("createdAt") }];
    })
    .sort((a, b) => a.generation - b.generation);
}

/**
 * The state without a generation: its project, its restore and their component are forgotten, and the list of generations no longer names
 * it, all in one change. Nothing outside of the state is touched.
 *
 * @throws UserError if another resource still depends on it: the `up` that leaves the generation has not ended
 */
export function withoutGeneration(exportJson: string, generation: number): string {
  const { resources, changed } = readExport(exportJson);
  const project = resources.find((one) => heldBy(one) === generation);
  const forgotten = forgottenWith(resources, project);
  const kept = resources
    .filter(({ urn }) => !forgotten.has(urn))
    .map((one) => withoutDependencies(withoutEntry(one, generation), forgotten));
  const dependent = kept.find(({ parent, dependencies }) =>
    [parent ?? "", ...(dependencies ?? [])].some((urn) => forgotten.has(urn)),
  );
  if (dependent !== undefined)
    throw new UserError(
      `${dependent.urn.split("::").at(-1) ?? dependent.urn} still depends on generation ${generation}. Run \`pulumi up\`, which leaves that generation, until it succeeds. Then release it.`,
    );
  return changed({ resources: kept });
}

/** URNs of a project, of the component around it, and of the restore in that. */
function forgottenWith(resources: readonly StateResource[], project: StateResource | undefined): ReadonlySet<string> {
  if (project === undefined) return new Set();
  const component = resources.find(({ urn, type }) => urn === project.parent && type === COMPONENT);
  if (component === undefined) return new Set([project.urn]);
  const inside = resources.filter(({ parent }) => parent === component.urn);
  return new Set([component.urn, ...inside.map(({ urn }) => urn)]);
}

/** The generation that a resource is the project of. */
function heldBy({ type, inputs }: StateResource): number | undefined {
  return type === PROJECT ? generationOf(textOf(inputs?.["name"])) : undefined;
}

function withoutEntry(one: StateResource, generation: number): StateResource {
  if (one.type !== LEDGER) return one;
  const declared = z.array(z.number()).parse(one.outputs?.["declared"]);
  return { ...one, outputs: { ...one.outputs, declared: declared.filter((each) => each !== generation) } };
}

/** A fence without its dependencies on what is forgotten; any other resource as it is. */
function withoutDependencies(one: StateResource, forgotten: ReadonlySet<string>): StateResource {
  if (one.type !== FENCE) return one;
  const left = (urns: readonly string[] | null | undefined) => (urns ?? []).filter((urn) => !forgotten.has(urn));
  const ofProperties = Object.entries(one.propertyDependencies ?? {}).map(([name, urns]) => [name, left(urns)]);
  return {
    ...one,
    dependencies: left(one.dependencies),
    propertyDependencies: Object.fromEntries(ofProperties) as Record<string, string[]>,
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
