import { join } from "node:path";

import { readTypes } from "./declaredTypes.ts";
import { type Description, NOTHING, type Schema, type Source } from "./description.ts";

const TEXT: Schema = { type: "string" };
const fields = (properties: Record<string, Schema>): Schema => ({
  type: "object",
  properties,
  required: Object.keys(properties),
});
/** GoTrue's refusals (supabase/auth, internal/api/apierrors), which the package reads field by field, and those of the gateway before it. */
const REFUSAL: Schema = {
  anyOf: [
    fields({ code: { type: "integer" }, error_code: TEXT, msg: TEXT }),
    { ...fields({ message: TEXT }), additionalProperties: TEXT },
  ],
};

/** Cuts two operations of a project's auth service out of its client, which has the types of their answers. */
export function fromSupabaseAuth(folder: string, source: Source): Description {
  const file = join(folder, "dist", "module", "lib", "types.d.ts");
  const { checker, find, schemaOf, schemas } = readTypes([file]);
  const answered = (name: string) => schemaOf(checker.getDeclaredTypeOfSymbol(find(file, name)));
  const operations = {
    "POST /auth/v1/token": {
      query: fields({ grant_type: { enum: ["password"] } }),
      body: fields({ email: TEXT, password: TEXT }),
      answers: { 200: answered("Session"), default: REFUSAL },
    },
    "GET /auth/v1/user": { query: NOTHING, answers: { 200: answered("User"), default: REFUSAL } },
    "GET /auth/v1/health": {
      query: NOTHING,
      answers: { 200: fields({ version: TEXT, name: TEXT, description: TEXT }), default: REFUSAL },
    },
  };
  return { source, operations, schemas };
}
