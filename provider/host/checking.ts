import { createHash, randomBytes } from "node:crypto";

import { z } from "zod";

import type { AutoName } from "./definition.ts";
import { holdsUnknown, isRecord, type Properties, UNKNOWN } from "./values.ts";

/** A fault of an input: its path and the reason. */
export interface Fault {
  property: string;
  reason: string;
}

/** The result of a check: parsed values with defaults, or every fault. */
export interface Checked {
  values: Properties;
  faults: Fault[];
}

/**
 * Checks inputs against a schema. Unknown keys are refused by name. A value that is not known yet passes and stays {@link UNKNOWN}. Rules
 * over several keys run when everything is known.
 */
export function check(schema: z.ZodType, given: Properties): Checked {
  const strict = schema instanceof z.ZodObject ? schema.strict() : schema;
  const result = strict.safeParse(given);
  if (result.success) return { values: isRecord(result.data) ? result.data : given, faults: [] };
  const faults = result.error.issues.filter((issue) => !excused(issue, given)).flatMap(faultsOf);
  return { values: withDefaults(schema, given), faults };
}

/** Names a resource when the program gives no name: the last name, or `<name>-<7 hex>`. */
export function nameAutomatically(
  rule: AutoName | undefined,
  news: Properties,
  olds: Properties,
  name: string,
  seed: Uint8Array,
): Properties {
  if (rule === undefined || news[rule.property] !== undefined) return news;
  const kept = olds[rule.property];
  // With the engine's seed, preview and update choose the same name. An older engine sends no seed, so the name is random.
  const entropy = seed.length > 0 ? createHash("sha256").update(seed).update(rule.property).digest() : randomBytes(8);
  const chosen = `${rule.prefix ?? ""}${name}-${entropy.toString("hex").slice(0, 7)}`;
  return { ...news, [rule.property]: typeof kept === "string" ? kept : chosen };
}

/** Parses configuration, which arrives as text: a value that the schema does not accept as text is parsed as JSON. */
export function parseConfiguration(schema: z.ZodType, given: Properties): Properties {
  if (!(schema instanceof z.ZodObject)) return given;
  const shape = schema.shape as Record<string, z.ZodType | undefined>;
  return Object.fromEntries(
    Object.entries(given).map(([key, value]) => {
      const field = shape[key];
      if (field === undefined || typeof value !== "string" || field.safeParse(value).success) return [key, value];
      return [key, fromJson(value)];
    }),
  );
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: the schema reports the fault of the text itself.
    return text;
  }
}

/** Ignores a fault if the value at its path, or inside of it, is not known yet. */
function excused(issue: z.core.$ZodIssue, given: Properties): boolean {
  if (issue.code === "unrecognized_keys") return false;
  let value: unknown = given;
  for (const step of issue.path) {
    if (value === UNKNOWN) return true;
    value = typeof value === "object" && value !== null ? Reflect.get(value, step) : undefined;
  }
  return value === UNKNOWN || (issue.path.length > 0 && holdsUnknown(value) && issue.code !== "invalid_type");
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const property = pathOf(issue.path);
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => {
      const path = pathOf([...issue.path, key]);
      return { property: path, reason: `Input "${path}" is not known here: remove it or correct its name.` };
    });
  return [{ property, reason: issue.message }];
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`))
    .join("")
    .replace(/^\./, "");
}

/** Parses each known top-level value by itself, so that a preview with unknowns has the same defaults as the update. */
function withDefaults(schema: z.ZodType, given: Properties): Properties {
  if (!(schema instanceof z.ZodObject)) return given;
  const values: Properties = { ...given };
  for (const [key, field] of Object.entries<z.ZodType>(schema.shape)) {
    if (holdsUnknown(given[key])) continue;
    const parsed = field.safeParse(given[key]);
    if (parsed.success && parsed.data !== undefined) values[key] = parsed.data;
  }
  return values;
}
