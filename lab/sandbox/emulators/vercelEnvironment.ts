import { createHash } from "node:crypto";

import type { Hono } from "hono";
import { z } from "zod";

import { letterId, readBody } from "./http.ts";
import { badRequest, type Project, refusal, type Variable, type VercelWorld } from "./vercelState.ts";

const target = z.enum(["production", "preview", "development"]);
const fields = {
  key: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "should be letters, digits and _"),
  value: z.string(),
  type: z.enum(["plain", "encrypted", "sensitive"]),
  target: z.array(target),
  gitBranch: z.string().nullish(),
  customEnvironmentIds: z.array(z.string()).optional(),
  comment: z.string().optional(),
};
/** An environment variable in a request. */
export const variableBody = z.strictObject({ ...fields, type: fields.type.default("encrypted") });
type VariableBody = z.infer<typeof variableBody>;

/** Adds variables to a project. With `upsert`, an existing variable of the same name and target gets the new value. */
export function addVariables(project: Project, given: readonly VariableBody[], upsert: boolean, now: number) {
  const created: Variable[] = [];
  const failed: ReturnType<typeof conflict>[] = [];
  for (const body of given) {
    const twin = findTwin(project, body);
    if (twin !== undefined && !upsert) {
      failed.push(conflict(body));
      continue;
    }
    checkPlaces(body);
    const variable = { id: twin?.id ?? letterId(16), ...body, createdAt: twin?.createdAt ?? now, updatedAt: now };
    if (twin === undefined) project.variables.push(variable);
    else Object.assign(twin, variable);
    created.push(variable);
  }
  return { created, failed };
}

function conflict({ key, target, gitBranch }: VariableBody) {
  const message = `Another Environment Variable with the same Name and Environment exists in your project: ${key}`;
  return { error: { code: "ENV_CONFLICT", message, key, envVarKey: key, target, gitBranch } };
}

type Placed = Pick<Variable, "target" | "customEnvironmentIds">;

/** Where a variable is set: Vercel's environments, and the project's own. */
function placesOf({ target, customEnvironmentIds = [] }: Placed): string[] {
  return [...target, ...customEnvironmentIds];
}

function findTwin(project: Project, wanted: Placed & Pick<Variable, "key" | "gitBranch">, self?: Variable) {
  return project.variables.find(
    (other) =>
      other !== self &&
      other.key === wanted.key &&
      (other.gitBranch ?? null) === (wanted.gitBranch ?? null) &&
      placesOf(other).some((place) => placesOf(wanted).includes(place)),
  );
}

function checkPlaces(variable: Placed & Pick<Variable, "type">): void {
  if (placesOf(variable).length === 0) throw badRequest("`target` should NOT have fewer than 1 items.");
  if (variable.type === "sensitive" && variable.target.includes("development")) {
    throw badRequest("You cannot set a Sensitive Environment Variable's target to development.");
  }
}

/** Routes of a project's environment variables. A sensitive value is never returned. */
export function addEnvironmentRoutes(app: Hono, { findProject, save, now }: VercelWorld): void {
  const show = ({ value, ...variable }: Variable, decrypt: boolean) => ({
    ...variable,
    decrypted: decrypt && variable.type !== "sensitive",
    value: variable.type === "sensitive" ? "" : decrypt || variable.type === "plain" ? value : sealed(value),
  });
  const find = (idOrName: string, id: string) => {
    const project = findProject(idOrName);
    const variable = project.variables.find((candidate) => candidate.id === id);
    if (variable === undefined) throw refusal(404, "not_found", "The Environment Variable was not found.");
    return { project, variable };
  };

  app.get("/projects/:id/env", (c) => {
    const decrypt = c.req.query("decrypt") === "true";
    const { variables } = findProject(c.req.param("id"));
    const envs = variables.map((variable) => ({ ...show(variable, decrypt), securityIssues: [] }));
    return c.json({ envs, hiddenProductionEnvCount: 0 });
  });
  app.post("/projects/:id/env", async (c) => {
    const project = findProject(c.req.param("id"));
    const body = await readBody(c, z.union([z.array(variableBody), variableBody]), badRequest);
    const { created, failed } = addVariables(project, [body].flat(), c.req.query("upsert") === "true", now());
    save();
    const shown = created.map((variable) => show(variable, true));
    if (Array.isArray(body)) return c.json({ created: shown, failed }, 201);
    const [failure] = failed;
    if (failure !== undefined) {
      const { code, message, ...place } = failure.error;
      throw refusal(400, code, message, place);
    }
    return c.json({ created: shown[0], failed }, 201);
  });
  app.get("/projects/:id/env/:env", (c) => c.json(show(find(c.req.param("id"), c.req.param("env")).variable, true)));
  app.patch("/projects/:id/env/:env", async (c) => {
    const { project, variable } = find(c.req.param("id"), c.req.param("env"));
    const change = await readBody(c, z.strictObject(fields).partial(), badRequest);
    const whole = { ...variable, ...change } as Variable;
    if (variable.type === "sensitive" && whole.type !== "sensitive")
      throw badRequest("You cannot change the type of a Sensitive Environment Variable.");
    checkPlaces(whole);
    if (findTwin(project, whole, variable) !== undefined)
      throw refusal(
        400,
        "ENV_CONFLICT",
        "Another Environment Variable with the same Name and Environment exists in your project",
        { envVarKey: whole.key, target: whole.target },
      );
    Object.assign(variable, whole, { updatedAt: now() });
    save();
    return c.json(show(variable, true));
  });
  app.delete("/projects/:id/env/:env", (c) => {
    const { project, variable } = find(c.req.param("id"), c.req.param("env"));
    project.variables = project.variables.filter((candidate) => candidate !== variable);
    save();
    return c.json(show(variable, false));
  });
}

/** Replaces an encrypted value in a listing without decryption. */
function sealed(value: string): string {
  return createHash("sha256").update(value).digest("base64");
}
