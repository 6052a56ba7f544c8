import { join } from "node:path";

import { readTypes } from "./declaredTypes.ts";
import { ANYTHING, type Description, type Operation, type Schema, type Source } from "./description.ts";
import { GITLAB_OPERATIONS } from "./operations.ts";

const TEXT: Schema = { type: "string" };
const NUMBER: Schema = { type: "integer" };
/** Of every listing (https://docs.gitlab.com/api/rest/#pagination). */
const PAGE: Readonly<Record<string, Schema>> = { page: NUMBER, per_page: NUMBER };
/** What an operation takes beside the options, which the package's methods take as arguments of their own. */
const ARGUMENTS: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  "POST /projects": { name: TEXT, path: TEXT },
  "POST /projects/{id}/protected_branches": { name: TEXT },
};
const QUERY_ARGUMENTS: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  "GET /projects/{id}/repository/files/{file_path}": { ref: TEXT },
};

/** GitLab's refusals (https://docs.gitlab.com/api/rest/troubleshooting), those of OAuth, and those of a path that it does not have. */
const REFUSAL: Schema = {
  anyOf: [
    { type: "object", properties: { message: ANYTHING }, required: ["message"] },
    { type: "object", properties: { error: TEXT, error_description: TEXT, scope: TEXT }, required: ["error"] },
  ],
};

/** Cuts GitLab's operations out of a client of its REST API, which has the types of options and answers. */
export function fromGitlab(folder: string, source: Source): Description {
  const file = join(folder, "dist", "index.d.ts");
  const { checker, find, schemaOf, schemas } = readTypes([file]);
  const typed = (name: string) => schemaOf(checker.getDeclaredTypeOfSymbol(find(file, name)));
  const options = (name: string | undefined, more: Readonly<Record<string, Schema>> = {}): Schema => {
    const own = name === undefined ? {} : typed(name);
    const { properties = {} } = own.ref === undefined ? own : (schemas[own.ref] ?? {});
    const sent = Object.entries(properties).map(([key, one]) => [snake(key), one] as const);
    return { type: "object", properties: { ...Object.fromEntries(sent), ...more } };
  };
  const operations: Record<string, Operation> = {};
  for (const [name, { query, body, answer }] of Object.entries(GITLAB_OPERATIONS)) {
    const isList = Array.isArray(answer);
    const answered = answer === undefined ? ANYTHING : typed(String(answer));
    operations[name] = {
      query: options(query, { ...(isList && PAGE), ...QUERY_ARGUMENTS[name] }),
      ...(body !== undefined && { body: options(body, ARGUMENTS[name]) }),
      answers: {
        [name.startsWith("POST") ? 201 : name.startsWith("DELETE") ? 204 : 200]: isList
          ? { type: "array", items: answered }
          : answered,
        302: ANYTHING,
        default: REFUSAL,
      },
    };
  }
  return { source, operations, schemas };
}

/** The package writes `namespaceId` for what GitLab calls `namespace_id`. */
function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
