import { randomUUID } from "node:crypto";

import type { Context, Hono } from "hono";

import { encodedAgain } from "./supabasePlatform.ts";
import { type FunctionState, refusal, type SupabaseWorld } from "./supabaseState.ts";

/** The platform's bundle of a function's code. */
const ESZIP = "application/vnd.denoland.eszip";

/**
 * A project's edge functions: stored and returned, never run.
 *
 * | method and path under /v1/projects/:ref/functions | what |
 * | --- | --- |
 * | GET / | all, without their code |
 * | GET /:slug/body | the code |
 * | POST /?slug=…&name=…&verify_jwt=… | a new function; an existing slug is refused |
 * | PATCH /:slug?… | other code, another version |
 */
export function addFunctionRoutes(app: Hono, { save, findProject, deps, platform }: SupabaseWorld): void {
  const functionsOf = (c: Context): FunctionState[] => {
    const project = findProject(c.req.param("ref") ?? "");
    return (project.functions ??= []);
  };
  const one = (c: Context): FunctionState => {
    const found = functionsOf(c).find(({ slug }) => slug === c.req.param("slug"));
    if (found === undefined) throw refusal(404, "Function not found");
    return found;
  };
  const show = (one: FunctionState) => ({
    ...one,
    body: undefined,
    entrypoint_path: one.entrypoint_path ?? undefined,
    import_map_path: one.import_map_path ?? undefined,
  });
  const bodyOf = async (c: Context): Promise<string> => {
    if (c.req.header("content-type") !== ESZIP) throw refusal(400, "Unsupported content type");
    const body = Buffer.from(await c.req.arrayBuffer());
    return (platform.encodesFunctions ? encodedAgain(body) : body).toString("base64");
  };
  const settingsOf = (c: Context) => ({
    verify_jwt: c.req.query("verify_jwt") !== "false",
    import_map: c.req.query("import_map") === "true",
    entrypoint_path: c.req.query("entrypoint_path") ?? null,
    import_map_path: c.req.query("import_map_path") ?? null,
  });

  app.get("/v1/projects/:ref/functions", (c) => c.json(functionsOf(c).map(show)));
  app.get("/v1/projects/:ref/functions/:slug/body", (c) =>
    c.body(Buffer.from(one(c).body, "base64"), 200, { "content-type": ESZIP }),
  );
  app.post("/v1/projects/:ref/functions", async (c) => {
    const slug = c.req.query("slug") ?? "";
    if (!/^[A-Za-z][A-Za-z0-9_-]*$/.test(slug)) throw refusal(400, "slug: Invalid");
    if (functionsOf(c).some((other) => other.slug === slug)) throw refusal(400, "Duplicated function slug");
    const made: FunctionState = {
      id: randomUUID(),
      slug,
      name: c.req.query("name") ?? slug,
      version: 1,
      status: "ACTIVE",
      ...settingsOf(c),
      created_at: deps.clock().getTime(),
      updated_at: deps.clock().getTime(),
      body: await bodyOf(c),
    };
    functionsOf(c).push(made);
    save();
    return c.json(show(made), 201);
  });
  app.patch("/v1/projects/:ref/functions/:slug", async (c) => {
    const found = one(c);
    Object.assign(found, settingsOf(c), {
      name: c.req.query("name") ?? found.name,
      version: found.version + 1,
      updated_at: deps.clock().getTime(),
      body: await bodyOf(c),
    });
    save();
    return c.json(show(found));
  });
}
