import { z } from "zod";

import { generationOf } from "../../planning/names.ts";
import { UserError } from "../../services/common/errors.ts";

const resource = z.looseObject({
  urn: z.string(),
  type: z.string(),
  parent: z.string().optional(),
  dependencies: z.array(z.string()).nullish(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});
const exported = z.looseObject({
  deployment: z.looseObject({ resources: z.array(resource).nullish() }),
});
type Resource = z.infer<typeof resource>;

const PROJECT = "recovery:index:SupabaseProject";
const COMPONENT = "castchat:index:Database";
const LEDGER = "recovery:index:Generations";

/** A generation of the recovered database, as a stack's state holds it. */
export interface HeldGeneration {
  generation: number;
  projectName: string;
  /** Supabase's own name for the project; empty where none was ever made. */
  ref: string;
  region: string;
  /** ISO 8601; empty where none was ever made. */
  createdAt: string;
}

/** The generations in what `pulumi stack export` printed, ascending. */
export function generationsIn(exportJson: string): HeldGeneration[] {
  return resourcesOf(exportJson)
    .flatMap((one) => {
      const generation = heldBy(one);
      if (generation === undefined) return [];
      const text = (key: string) => textOf(one.outputs?.[key] ?? one.inputs?.[key]);
      const [projectName, ref, region] = [text("name"), text("ref"), text("region")];
      return [{ generation, projectName, ref, region, createdAt: text("createdAt") }];
    })
    .sort((a, b) => a.generation - b.generation);
}

/**
 * The state without a generation: its project, its restore and their component are forgotten, and the record of generations no longer names
 * it, all in one change. Nothing outside of the state is touched.
 *
 * @throws UserError where something else still depends on it: the `up` that leaves the generation has not ended
 */
export function withoutGeneration(exportJson: string, generation: number): string {
  const state = exported.parse(JSON.parse(exportJson));
  const resources = state.deployment.resources ?? [];
  const forgotten = forgottenWith(
    resources,
    resources.find((one) => heldBy(one) === generation),
  );
  const kept = resources.filter(({ urn }) => !forgotten.has(urn)).map((one) => withoutEntry(one, generation));
  const dependent = kept.find(({ parent, dependencies }) =>
    [parent ?? "", ...(dependencies ?? [])].some((urn) => forgotten.has(urn)),
  );
  if (dependent !== undefined) {
    throw new UserError(
      `${dependent.urn.split("::").at(-1) ?? dependent.urn} still works on generation ${generation}: the \`pulumi up\` that leaves it has to end well first.`,
    );
  }
  return JSON.stringify({ ...state, deployment: { ...state.deployment, resources: kept } });
}

/** URNs of a project and of what was declared with it: the component around it, and the restore in there. */
function forgottenWith(resources: readonly Resource[], project: Resource | undefined): ReadonlySet<string> {
  if (project === undefined) return new Set();
  const component = resources.find(({ urn, type }) => urn === project.parent && type === COMPONENT);
  if (component === undefined) return new Set([project.urn]);
  const inside = resources.filter(({ parent }) => parent === component.urn);
  return new Set([component.urn, ...inside.map(({ urn }) => urn)]);
}

/** The generation that a resource is the project of. */
function heldBy({ type, inputs }: Resource): number | undefined {
  return type === PROJECT ? generationOf(textOf(inputs?.["name"])) : undefined;
}

function withoutEntry(one: Resource, generation: number): Resource {
  if (one.type !== LEDGER) return one;
  const declared = z.array(z.number()).parse(one.outputs?.["declared"]);
  return { ...one, outputs: { ...one.outputs, declared: declared.filter((each) => each !== generation) } };
}

function resourcesOf(exportJson: string): Resource[] {
  return exported.parse(JSON.parse(exportJson)).deployment.resources ?? [];
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
