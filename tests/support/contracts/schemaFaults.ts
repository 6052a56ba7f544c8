import type { Schema } from "../../../tools/descriptions/description.ts";

/** A difference between a value and its schema. */
export interface Fault {
  /** Where in the value: `projects[].link.repo`; empty for the value itself. */
  field: string;
  says: string;
}

/**
 * What is wrong with a value, by a strict reading of its schema: a field that the schema does not list is a fault, wherever the description
 * does not say that there may be others.
 */
export function schemaFaults(
  schema: Schema,
  value: unknown,
  named: Readonly<Record<string, Schema>>,
  field = "",
): Fault[] {
  if (schema.ref !== undefined) return schemaFaults(named[schema.ref] ?? {}, value, named, field);
  if (schema.anyOf !== undefined) {
    // The alternative that fits best says what is wrong.
    let best: Fault[] | undefined;
    for (const option of schema.anyOf) {
      const faults = schemaFaults(option, value, named, field);
      if (faults.length === 0) return [];
      if (best === undefined || rank(faults, field) < rank(best, field)) best = faults;
    }
    return best ?? [];
  }
  if (schema.enum !== undefined)
    return schema.enum.includes(value as string)
      ? []
      : [{ field, says: `${shown(value)} is not one of ${shown(schema.enum)}` }];
  switch (schema.type) {
    case undefined:
      return [];
    case "array":
      if (!Array.isArray(value)) return [{ field, says: `${shown(value)} is not a list` }];
      return value.flatMap((one) => schemaFaults(schema.items ?? {}, one, named, `${field}[]`));
    case "object":
      return objectFaults(schema, value, named, field);
    case "null":
      return value === null ? [] : [{ field, says: `${shown(value)} is not null` }];
    case "integer":
      return Number.isInteger(value) ? [] : [{ field, says: `${shown(value)} is not an integer` }];
    default:
      return typeof value === schema.type ? [] : [{ field, says: `${shown(value)} is not a ${schema.type}` }];
  }
}

function objectFaults(schema: Schema, value: unknown, named: Readonly<Record<string, Schema>>, field: string): Fault[] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return [{ field, says: `${shown(value)} is not an object` }];
  const within = (name: string) => (field === "" ? name : `${field}.${name}`);
  const { properties = {}, required = [], additionalProperties } = schema;
  const missing = required.filter((name) => (value as Record<string, unknown>)[name] === undefined);
  return [
    ...missing.map((name) => ({ field: within(name), says: "is missing" })),
    ...Object.entries(value).flatMap(([name, one]) => {
      const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties;
      return known === undefined
        ? [{ field: within(name), says: "is not described" }]
        : schemaFaults(known, one, named, within(name));
    }),
  ];
}

/** Another kind of value fits worse than an object with many faults. */
function rank(faults: readonly Fault[], field: string): number {
  return faults.length + (faults.some((fault) => fault.field === field) ? 1000 : 0);
}

function shown(value: unknown): string {
  const text = value === undefined ? "nothing" : JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
