import { join } from "node:path";

import type ts from "typescript";

import { readTypes } from "./declaredTypes.ts";
import { type Description, NOTHING, type Operation, type Schema, type Source } from "./description.ts";
import { CLOUDFLARE_OPERATIONS } from "./operations.ts";

/** Who answers, in every answer (https://developers.cloudflare.com/fundamentals/api/how-to/make-api-calls). */
const envelope = (result: Schema, notes: Schema, isList: boolean): Schema => ({
  type: "object",
  properties: {
    success: { type: "boolean" },
    errors: { type: "array", items: notes },
    messages: { type: "array", items: notes },
    result,
    ...(isList && { result_info: LIST }),
  },
  required: ["success", "errors", "messages", "result", ...(isList ? ["result_info"] : [])],
});
const NUMBER: Schema = { type: "number" };
/** The page of a list; the package's own type has only what its paging needs. */
const LIST: Schema = {
  type: "object",
  properties: { page: NUMBER, per_page: NUMBER, count: NUMBER, total_count: NUMBER, total_pages: NUMBER },
  required: ["page", "per_page", "count", "total_count"],
};

/** Cuts Cloudflare's operations out of its package, whose methods have the types of requests and answers. */
export function fromCloudflare(folder: string, source: Source): Description {
  const fileOf = (name: string) => join(folder, "resources", `${name}.d.ts`);
  const shared = fileOf("shared");
  const files = new Set(Object.values(CLOUDFLARE_OPERATIONS).map(([file]) => fileOf(file)));
  const { checker, find, schemaOf, schemas } = readTypes([...files, shared]);
  const notes = schemaOf(checker.getDeclaredTypeOfSymbol(find(shared, "ResponseInfo")));

  const operations: Record<string, Operation> = {};
  for (const [name, [file, owner, method]] of Object.entries(CLOUDFLARE_OPERATIONS)) {
    const [verb = "", path = ""] = name.split(" ");
    const type = checker.getDeclaredTypeOfSymbol(find(fileOf(file), owner));
    const property = type.getProperty(method);
    const [signature] = property ? checker.getTypeOfSymbol(property).getCallSignatures() : [];
    if (signature === undefined) throw new Error(`${source.package} has no ${owner}.${method}`);
    const given = signature.getParameters().find(({ name: one }) => ["params", "body", "query"].includes(one));
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, one]) => one ?? "");
    const parameters = given
      ? withoutFields(schemaOf(checker.getNonNullableType(checker.getTypeOfSymbol(given))), inPath, schemas)
      : NOTHING;
    const returned = signature.getReturnType() as ts.TypeReference;
    const isList = returned.aliasSymbol?.name === "PagePromise" || returned.symbol.name === "PagePromise";
    const answered = (returned.aliasTypeArguments ?? checker.getTypeArguments(returned)).at(isList ? 1 : 0);
    if (answered === undefined) throw new Error(`${source.package} does not say what ${owner}.${method} answers`);
    const result = schemaOf(answered);
    operations[name] = {
      query: verb === "GET" ? dotted(parameters, schemas) : NOTHING,
      ...(["POST", "PUT", "PATCH"].includes(verb) && { body: parameters }),
      answers: {
        200: envelope(isList ? { type: "array", items: result } : result, notes, isList),
        default: envelope({ type: "null" }, notes, false),
      },
    };
  }
  return { source, operations, schemas };
}

/** The package takes parts of the address beside the fields of the body. */
function withoutFields(schema: Schema, names: readonly string[], schemas: Record<string, Schema>): Schema {
  if (schema.anyOf) return { anyOf: schema.anyOf.map((one) => withoutFields(one, names, schemas)) };
  const { properties = {}, required = [], ...rest } = schema.ref === undefined ? schema : (schemas[schema.ref] ?? {});
  return {
    ...rest,
    properties: Object.fromEntries(Object.entries(properties).filter(([name]) => !names.includes(name))),
    required: required.filter((name) => !names.includes(name)),
  };
}

/** Parameters inside of a parameter are sent as `name.exact`. */
function dotted(schema: Schema, schemas: Record<string, Schema>): Schema {
  const fields = Object.entries(schema.properties ?? {}).flatMap(([name, one]) => {
    const options = (one.anyOf ?? [one]).map((option) =>
      option.ref === undefined ? option : (schemas[option.ref] ?? {}),
    );
    const inner = options.flatMap((option) => Object.entries(option.properties ?? {}));
    const plain = options.some((option) => option.properties === undefined) ? [[name, one] as const] : [];
    return [...plain, ...inner.map(([part, value]) => [`${name}.${part}`, value] as const)];
  });
  return { type: "object", properties: Object.fromEntries(fields), required: [] };
}
