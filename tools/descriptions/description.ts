/** What a value may be: the part of JSON Schema that the descriptions need. Without a keyword, anything. */
export interface Schema {
  type?: "string" | "number" | "integer" | "boolean" | "null" | "array" | "object";
  enum?: (string | number | boolean | null)[];
  /** Of objects: fields that are not listed are refused, unless `additionalProperties` says what they may be. */
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema;
  items?: Schema;
  anyOf?: Schema[];
  /** Name of one of the description's schemas. */
  ref?: string;
}

/** One operation of a service's API. */
export interface Operation {
  /** The parameters of the address. */
  query: Schema;
  /** The JSON body; undefined if the operation has none, or bytes. */
  body?: Schema;
  /** By status; `{}` where the description says nothing of the body. */
  answers: Record<string, Schema>;
}

/** The part of a service's published description that is in use. */
export interface Description {
  source: Source;
  /** By method and path, `GET /repos/{owner}/{repo}`. */
  operations: Record<string, Operation>;
  schemas: Record<string, Schema>;
}

/** Where a description comes from: a package of the npm registry. */
export interface Source {
  package: string;
  version: string;
  /** Its SPDX name, and whose it is. */
  licence: string;
}

/** Whatever the value is. */
export const ANYTHING: Schema = {};
/** An object without fields. */
export const NOTHING: Schema = { type: "object", properties: {} };

/** One of several schemas, each of them once. */
export function oneOf(options: readonly Schema[]): Schema {
  const flat = options.flatMap((option) => option.anyOf ?? [option]);
  const values = flat.flatMap((option) => option.enum ?? []);
  const others = flat.filter((option) => option.enum === undefined);
  const all = values.length === 0 ? others : [{ enum: [...new Set(values)] }, ...others];
  const distinct = [...new Map(all.map((option) => [JSON.stringify(option), option])).values()];
  if (distinct.some((option) => Object.keys(option).length === 0)) return ANYTHING;
  const [only] = distinct;
  return distinct.length === 1 && only ? only : { anyOf: distinct };
}
