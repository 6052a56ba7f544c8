import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { ANYTHING, type Description, NOTHING, type Operation, type Schema, type Source } from "./description.ts";
import { VERCEL_OPERATIONS } from "./operations.ts";
import { fromZod } from "./zodModels.ts";

type Models = Record<string, Parameters<typeof fromZod>[0]>;

/** What the package takes for the same as the described value, without the guesses by which it reads other ones. */
const STRICT: Readonly<Record<string, string>> = {
  primitives: `import * as z from "zod/v3";
export const string = () => z.string();
export const boolean = () => z.boolean();
export const number = () => z.number();
export const date = () => z.string();
export const literal = (value) => z.literal(value);
export const optional = (type) => type.optional();
export const nullable = (type) => type.nullable();`,
  smartUnion: `import * as z from "zod/v3";
export const smartUnion = (options) => z.union(options);`,
  enums: `import * as z from "zod/v3";
export const inboundSchema = (values) => z.nativeEnum(values);
export const inboundSchemaInt = inboundSchema;
export const outboundSchema = inboundSchema;
export const outboundSchemaInt = inboundSchema;`,
};

/**
 * Cuts Vercel's operations out of its package, by the zod models with which its functions check requests and answers.
 * @param folder the package, which is changed
 */
export async function fromVercel(folder: string, source: Source): Promise<Description> {
  const { esm, modules } = { esm: join(folder, "esm"), modules: join(import.meta.dirname, "../../node_modules") };
  symlinkSync(modules, join(folder, "node_modules"));
  for (const [name, code] of Object.entries(STRICT)) writeFileSync(join(esm, "types", `${name}.js`), code);
  const functions = readdirSync(join(esm, "funcs"))
    .filter((name) => name.endsWith(".js"))
    .map((name) => readFileSync(join(esm, "funcs", name), "utf8"));
  const modelOf = async (code: string, name: string) => {
    const file = new RegExp(`import \\{[^}]*\\b${escaped(name)}[^}]*\\} from "(\\.\\./models/[^"]+)"`).exec(code)?.[1];
    if (file === undefined) throw new Error(`${source.package} has no model ${name}`);
    return ((await import(pathToFileURL(join(esm, "funcs", file)).href)) as Models)[name];
  };

  const schemas: Record<string, Schema> = {};
  const operations: Record<string, Operation> = {};
  for (const name of VERCEL_OPERATIONS) {
    const [method = "", path = ""] = name.split(" ");
    const code = functions.find((one) => one.includes(`pathToFunc("${path}")`) && one.includes(`method: "${method}"`));
    if (code === undefined) throw new Error(`${source.package} has no function for ${name}`);
    const asked = /=> ([\w$]+outboundSchema)(?:\.optional\(\))?\.parse\(value\)/.exec(code)?.[1];
    const model = asked === undefined ? undefined : await modelOf(code, asked);
    const request = model === undefined ? NOTHING : fromZod(model, schemas);
    const { properties = {}, required = [] } = request.ref === undefined ? request : (schemas[request.ref] ?? {});
    const inQuery = [...(/encodeFormQuery\(\{([^}]*)\}/.exec(code)?.[1] ?? "").matchAll(/"(\w+)":/g)].map(
      ([, one]) => one ?? "",
    );
    const body = properties["RequestBody"];
    operations[name] = {
      query: {
        type: "object",
        properties: Object.fromEntries(inQuery.map((one) => [one, properties[one] ?? ANYTHING])),
        required: inQuery.filter((one) => required.includes(one)),
      },
      ...(body !== undefined && { body }),
      answers: {},
    };
    for (const [, kind, status = "", answer = ""] of code.matchAll(/M\.(json|nil)\((\[[\d, ]+\]|\d+), ([\w$]+)/g)) {
      const found = kind === "json" && answer.endsWith("$inboundSchema") ? await modelOf(code, answer) : undefined;
      const schema = found === undefined ? ANYTHING : fromZod(found, schemas);
      for (const [one] of status.matchAll(/\d+/g)) operations[name].answers[one] = schema;
    }
  }
  return { source, operations, schemas };
}

const escaped = (text: string): string => text.replaceAll("$", "\\$");
