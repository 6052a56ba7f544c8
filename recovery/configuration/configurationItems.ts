import type { VariableValue } from "../vault/variableValuesPart.ts";
import { placeOf } from "../vault/variableValuesPart.ts";
import { LEFT_OUT } from "./withoutSecrets.ts";

/** The fields of one thing of a configuration, by path. Values are JSON, or a {@link Fingerprint}. */
export type Fields = Map<string, unknown>;
/** The things of a part, by a name for people that identifies each. */
export type Items = Map<string, Fields>;

/** Stands for a secret value in a comparison: two are equal if their fingerprints are. */
export class Fingerprint {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** How a part is read as items. */
export interface ItemOptions {
  /** Fields that only a host writes. */
  isStatus: (field: string) => boolean;
  /** Values of an app's variables, and what keeps them out of the report. @default - values are not compared */
  values?: readonly VariableValue[] | undefined;
  fingerprint: (secret: string) => Fingerprint;
}

/** By these the engine marks a secret in a state (sdk/go/common/resource/sig). Its ciphertext may differ although its value does not. */
const SECRET_MARK = "4dabf18193072939515e22adb298388d";
/** What Pulumi's state says of its last update, and of the program's text. */
const STATE_STATUS = new Set(["created", "modified", "sourcePosition", "dependencies", "propertyDependencies"]);
/** What distinguishes a DNS record from an equal one that was made again. */
const RECORD_STATUS = new Set(["id", "meta"]);

/** The things that a part of a configuration consists of. A part of an unknown form is one thing. */
export function itemsOf(part: string, content: unknown, options: ItemOptions): Items {
  const fields = isRecord(content) ? content : { value: content };
  if (part === "dns") return records(listOf(fields["records"]));
  if (part.startsWith("application")) return application(fields, options);
  if (part.startsWith("certificates"))
    return named(listOf(content), ({ hosts, id }) => `certificate ${String(hosts)} (${String(id)})`, new Set(["id"]));
  if (part === "stackState") return state(fields);
  const settings = isRecord(fields["settings"]) ? fields["settings"] : fields;
  return new Map([["settings", leavesOf(settings, options.isStatus)]]);
}

function application(content: Record<string, unknown>, { isStatus, values, fingerprint }: ItemOptions): Items {
  const settings = isRecord(content["settings"]) ? content["settings"] : {};
  const items: Items = new Map([["settings", leavesOf(settings, isStatus)]]);
  const known = new Map(values?.map((one) => [placeOf(one), one.value]));
  for (const variable of listOf(content["variables"])) {
    const { key, type, comment, targets, branch, environments } = variable as Partial<VariableValue> & {
      type?: unknown;
      comment?: unknown;
    };
    const place = { key: String(key), targets: targets ?? [], branch, environments: environments ?? [] };
    const value = known.get(placeOf(place));
    const fields: Fields = new Map([
      ["type", type],
      ["comment", comment],
    ]);
    if (value !== undefined) fields.set("value", fingerprint(value));
    items.set(nameOfVariable(place), fields);
  }
  const names = Array.isArray(content["names"]) ? listOf(content["names"]) : [];
  const isNameStatus = (field: string) => NAME_STATUS.has(field.split(".")[0] ?? "");
  for (const one of names) items.set(`domain ${String(one["name"])}`, leavesOf(one, isNameStatus));
  return items;
}
const NAME_STATUS = new Set(["createdAt", "updatedAt", "projectId", "verified", "verification", "apexName"]);

/** A variable and where it is set, for people. */
export function nameOfVariable({
  key,
  targets,
  branch,
  environments,
}: Pick<VariableValue, "key" | "targets" | "branch" | "environments">): string {
  const places = [...[...targets].sort(), ...[...environments].sort()].join(", ");
  return `variable ${key} (${places}${branch === undefined ? "" : `, branch ${branch}`})`;
}

/** Records have ids that change when one is made again, so their type and name identify them, and where there are several, their content. */
function records(list: readonly Record<string, unknown>[]): Items {
  const shortOf = (record: Record<string, unknown>) => `${String(record["type"])} ${String(record["name"])}`;
  const counts = new Map<string, number>();
  for (const one of list) counts.set(shortOf(one), (counts.get(shortOf(one)) ?? 0) + 1);
  const nameOf = (one: Record<string, unknown>) =>
    SEVERAL.has(String(one["type"])) || (counts.get(shortOf(one)) ?? 0) > 1
      ? `${shortOf(one)} ${String(one["content"])}`
      : shortOf(one);
  return named(list, nameOf, RECORD_STATUS);
}
/** Types of which a name often has several, so that a second one does not rename the first. */
const SEVERAL = new Set(["MX", "TXT", "NS", "CAA"]);

function state(content: Record<string, unknown>): Items {
  const deployment = isRecord(content["deployment"]) ? content["deployment"] : content;
  return named(listOf(deployment["resources"]), ({ urn }) => String(urn), STATE_STATUS);
}

function named(
  list: readonly Record<string, unknown>[],
  nameOf: (one: Record<string, unknown>) => string,
  status: ReadonlySet<string>,
): Items {
  return new Map(list.map((one) => [nameOf(one), leavesOf(one, (field) => status.has(field))]));
}

/** Every value below an object, by its path. A list is one value. */
function leavesOf(content: Record<string, unknown>, isStatus: (field: string) => boolean, at = ""): Fields {
  const found: Fields = new Map();
  for (const [name, value] of Object.entries(content)) {
    const path = at === "" ? name : `${at}.${name}`;
    if (isStatus(path) || value === undefined) continue;
    if (!isRecord(value) || Object.keys(value).length === 0) found.set(path, value);
    else if (SECRET_MARK in value) found.set(path, LEFT_OUT);
    else for (const [inner, leaf] of leavesOf(value, isStatus, path)) found.set(inner, leaf);
  }
  return found;
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

/** Whether a value is an object with fields. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
