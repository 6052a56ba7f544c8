import { ADOPTION, managedParts, type ManagingSettings } from "../../settings/managedParts.ts";
import { readExport, type StateResource } from "../pulumi/exportedState.ts";
import { forgetting } from "../pulumi/pulumiForget.ts";

const RECORD = "recovery:index:Adoption";
const PROJECT = "vercel:index/project:Project";
const ZONE = "cloudflare:index/zone:Zone";
const TYPES: readonly string[] = [PROJECT, ZONE, "cloudflare:index/dnsRecord:DnsRecord"];

/** Something managed in a state: its component, and the resources in it. */
export interface HeldPart {
  /** Name at its service: of the project, or of the zone. */
  readonly name: string;
  readonly urns: readonly string[];
}

/** A resource's name in the program. */
export function nameIn(urn: string): string {
  return urn.split("::").at(-1) ?? urn;
}

/** Import ids in the record of what was adopted. */
export function recordedIds(exportJson: string): Readonly<Record<string, string>> {
  const record = readExport(exportJson).resources.find(({ type }) => type === RECORD);
  return (record?.outputs?.["ids"] ?? {}) as Record<string, string>;
}

/** Names of what the settings call managed and the record in a state lacks: it is to be adopted, or its adoption was interrupted. */
export function unadoptedIn(exportJson: string, settings: ManagingSettings): string[] {
  const recorded = recordedIds(exportJson);
  return managedParts(settings)
    .flatMap(({ resources }) => resources)
    .filter((name) => recorded[name] === undefined);
}

/** What a state holds of managed parts. Only these keep their resource at the service when the engine deletes it. */
export function heldParts(exportJson: string): HeldPart[] {
  const { resources } = readExport(exportJson);
  const managed = resources.filter((one) => TYPES.includes(one.type) && one["retainOnDelete"] === true);
  const components = new Set(managed.flatMap(({ parent }) => parent ?? []));
  return [...components].map((component) => {
    const children = managed.filter(({ parent }) => parent === component);
    const named = children.find(({ type }) => type === PROJECT || type === ZONE);
    const name = named?.inputs?.["name"];
    return {
      name: typeof name === "string" ? name : nameIn(component),
      urns: [component, ...children.map(({ urn }) => urn)],
    };
  });
}

/** A state whose record of what was adopted has exactly these ids. `planned` is the record as a preview has planned it. */
export function withRecord(exportJson: string, planned: StateResource, ids: Readonly<Record<string, string>>): string {
  const { resources, changed } = readExport(exportJson);
  const { stack, parts } = planned.inputs ?? {};
  const inputs = { stack, parts };
  const record = { ...planned, id: `${String(stack)}/${ADOPTION}`, inputs, outputs: { ...inputs, ids } };
  return changed({ resources: [...resources.filter(({ urn }) => urn !== planned.urn), record] });
}

/** A state without some managed parts. Their services keep all of it. */
export function withoutParts(exportJson: string, parts: readonly HeldPart[]): string {
  const gone = new Set(parts.flatMap(({ urns }) => urns));
  const names = new Set([...gone].map(nameIn));
  const left = (ids: Readonly<Record<string, unknown>>) => Object.entries(ids).filter(([name]) => !names.has(name));
  const recorded = left(recordedIds(exportJson));
  const forgets = ({ urn, type }: Pick<StateResource, "urn" | "type">) =>
    gone.has(urn) || (type === RECORD && recorded.length === 0);
  const state = forgetting(exportJson, { forgets, unprotects: () => false }) ?? exportJson;
  const { resources, changed } = readExport(state);
  const ids = Object.fromEntries(recorded);
  return changed({
    resources: resources.map((one) =>
      one.type === RECORD ? { ...one, ...withParts(one, Object.keys(ids)), outputs: { ...one.outputs, ids } } : one,
    ),
  });
}

function withParts({ inputs }: StateResource, parts: readonly string[]): Pick<StateResource, "inputs"> {
  return { inputs: { ...inputs, parts } };
}
