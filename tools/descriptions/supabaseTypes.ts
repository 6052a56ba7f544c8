import { readFileSync } from "node:fs";
import { join } from "node:path";

import type ts from "typescript";

import { readTypes } from "./declaredTypes.ts";
import { type Description, NOTHING, type Operation, type Source } from "./description.ts";
import { SUPABASE_OPERATIONS } from "./operations.ts";

/**
 * Cuts the operations of Supabase's Management API out of the package with its client, which is generated from the API's description:
 * `v1GetProject` has a function, whose address and method are in the code, and `v1GetProjectResponse200` its answer.
 */
export function fromSupabase(folder: string, source: Source): Description {
  const declarations = join(folder, "dist", "index.d.ts");
  const functions = addressed(readFileSync(join(folder, "dist", "index.mjs"), "utf8"));
  const { checker, find, schemaOf, schemas } = readTypes([declarations]);
  const typeOf = (name: string): ts.Type => checker.getDeclaredTypeOfSymbol(find(declarations, name));

  const operations: Record<string, Operation> = {};
  for (const name of SUPABASE_OPERATIONS) {
    const called = functions.get(name);
    if (called === undefined) throw new Error(`${source.package} has no function for ${name}`);
    const [signature] = checker.getTypeOfSymbol(find(declarations, called)).getCallSignatures();
    const parameters = signature?.getParameters() ?? [];
    const given = (matches: RegExp) => {
      const found = parameters.find((one) => matches.test(one.name));
      return found && checker.getNonNullableType(checker.getTypeOfSymbol(found));
    };
    const [query, body] = [given(/^params$/), given(/Body$/i)];
    const answers = typeOf(`${called}Response`);
    const each = answers.isUnion() ? answers.types : [answers];
    operations[name] = {
      query: query ? schemaOf(query) : NOTHING,
      ...(body && { body: schemaOf(body) }),
      answers: Object.fromEntries(
        each.map((answer) => {
          const field = (key: string) => checker.getTypeOfSymbol(answer.getProperty(key) as ts.Symbol);
          return [checker.typeToString(field("status")), schemaOf(field("data"))];
        }),
      ),
    };
  }
  return { source, operations, schemas };
}

/** The package's functions by method and path. */
function addressed(code: string): Map<string, string> {
  const addresses = new Map(
    [...code.matchAll(/^var get(\w+)Url = [^]*?`([^`?]+)[?`]/gm)].map(([, name = "", path = ""]) => [
      name.toLowerCase(),
      // `functionSlug` of the code is `function_slug` in the documentation.
      path.replace(
        /\$\{(\w+)\}/g,
        (_, one: string) => `{${one.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}}`,
      ),
    ]),
  );
  return new Map(
    [...code.matchAll(/^var (v1\w+) = async [^]*?method: "(\w+)"/gm)].map(([, name = "", method = ""]) => [
      `${method} ${addresses.get(name.toLowerCase()) ?? ""}`,
      name,
    ]),
  );
}
