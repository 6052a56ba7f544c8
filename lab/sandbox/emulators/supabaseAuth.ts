import { randomBytes, randomUUID } from "node:crypto";

import type { Hono } from "hono";
import { verify } from "hono/jwt";
import { z } from "zod";

import { messageOf } from "../../../services/common/errors.ts";
import { ApiError, bearerToken, readBody } from "./http.ts";
import { apiKey, signed, type SupabaseProject, type SupabaseWorld } from "./supabaseState.ts";

const SESSION_SECONDS = 3600;
const fail = (status: 400 | 401 | 403 | 404 | 500 | 503, code: string, msg: string) =>
  new ApiError(status, { code: status, error_code: code, msg });
const invalid = (fault: string) => fail(400, "validation_failed", fault);

interface User {
  id: string;
  aud: string | null;
  role: string | null;
  email: string;
  email_confirmed_at: string | null;
  banned_until: string | null;
  raw_app_meta_data: Record<string, unknown> | null;
  raw_user_meta_data: Record<string, unknown> | null;
  created_at: string;
  updated_at: string;
  [column: string]: unknown;
}

/**
 * A project's auth service (GoTrue), which reads the project's own database. Each call needs the project's `apikey`.
 *
 * | method and path under /projects/:ref/auth/v1 | what |
 * | --- | --- |
 * | GET /health | |
 * | POST /token?grant_type=password {email, password} | a session; crypt() checks the password in the database |
 * | GET /user | the owner of the Bearer token |
 *
 * GoTrue stores `last_sign_in_at` and a session row at each login. This emulator doesn't: a drill's login would change the data that the
 * drill then compares.
 */
export function addAuthRoutes(app: Hono, { deps, state, query: queryProject }: SupabaseWorld): void {
  const find = (ref: string) => state.projects.find((candidate) => candidate.ref === ref);

  app.use("/projects/:ref/*", async (c, next) => {
    const project = find(c.req.param("ref"));
    if (project === undefined) return c.json({ message: "Project not found" }, 404);
    const key = c.req.header("apikey") ?? c.req.query("apikey");
    if (key === undefined)
      return c.json(
        { message: "No API key found in request", hint: "No `apikey` request header or url param was found." },
        401,
      );
    const keys = await Promise.all([apiKey(project, "anon"), apiKey(project, "service_role")]);
    if (!keys.includes(key))
      return c.json(
        { message: "Invalid API key", hint: "Double check your Supabase `anon` or `service_role` API key." },
        401,
      );
    await next();
    return undefined;
  });
  const active = (ref: string): SupabaseProject => {
    const project = find(ref);
    if (project?.status !== "ACTIVE_HEALTHY") throw fail(503, "project_not_active", "The project is not active");
    return project;
  };

  const query = async <R extends object>(project: SupabaseProject, sql: string, values: string[]): Promise<R[]> => {
    try {
      // GoTrue connects as this role, and is refused if the project's owner has revoked its right to connect.
      const [role] = await queryProject<{ allowed: boolean }>(
        project.ref,
        "select has_database_privilege('supabase_auth_admin', current_database(), 'connect') as allowed",
      );
      if (role?.allowed !== true) throw new Error('permission denied for database "postgres"');
      return await queryProject<R>(project.ref, sql, values);
    } catch (thrown) {
      throw fail(500, "unexpected_failure", `Database error querying schema: ${messageOf(thrown)}`);
    }
  };
  const show = (user: User) => ({
    id: user.id,
    aud: user.aud ?? "authenticated",
    role: user.role ?? "authenticated",
    email: user.email,
    phone: "",
    email_confirmed_at: user.email_confirmed_at,
    app_metadata: user.raw_app_meta_data ?? {},
    user_metadata: user.raw_user_meta_data ?? {},
    identities: [],
    created_at: user.created_at,
    updated_at: user.updated_at,
    is_anonymous: false,
  });

  app.get("/projects/:ref/auth/v1/health", (c) => {
    active(c.req.param("ref"));
    return c.json({
      version: "v2.180.0",
      name: "GoTrue",
      description: "GoTrue is a user registration and authentication API",
    });
  });
  app.post("/projects/:ref/auth/v1/token", async (c) => {
    const project = active(c.req.param("ref"));
    if (c.req.query("grant_type") !== "password") throw fail(400, "unsupported_grant_type", "unsupported_grant_type");
    const { email, password } = await readBody(c, z.object({ email: z.string(), password: z.string() }), invalid);
    const [found] = await query<{ user: User; right: boolean | null }>(
      project,
      // crypt() fails on a value that is not a hash (an account without a password).
      `select to_jsonb(u) - 'encrypted_password' as user,
              case when u.encrypted_password like '$%' then extensions.crypt($2, u.encrypted_password) = u.encrypted_password end as right
         from auth.users u where lower(u.email) = lower($1) and not u.is_sso_user and u.deleted_at is null`,
      [email, password],
    );
    if (found?.right !== true) throw fail(400, "invalid_credentials", "Invalid login credentials");
    const { user } = found;
    if (user.email_confirmed_at === null) throw fail(400, "email_not_confirmed", "Email not confirmed");
    const now = Math.floor(deps.clock().getTime() / 1000);
    if (user.banned_until !== null && Date.parse(user.banned_until) / 1000 > now)
      throw fail(400, "user_banned", "User is banned");
    const shown = show(user);
    const claims = {
      iss: `${new URL(c.req.url).origin}/projects/${project.ref}/auth/v1`,
      sub: user.id,
      aud: shown.aud,
      iat: now,
      exp: now + SESSION_SECONDS,
      email: user.email,
      phone: "",
      app_metadata: shown.app_metadata,
      user_metadata: shown.user_metadata,
      role: shown.role,
      aal: "aal1",
      amr: [{ method: "password", timestamp: now }],
      session_id: randomUUID(),
      is_anonymous: false,
    };
    return c.json({
      access_token: await signed(project, claims),
      token_type: "bearer",
      expires_in: SESSION_SECONDS,
      expires_at: now + SESSION_SECONDS,
      refresh_token: randomBytes(9).toString("base64url"),
      user: shown,
    });
  });
  app.get("/projects/:ref/auth/v1/user", async (c) => {
    const project = active(c.req.param("ref"));
    const token = bearerToken(c.req.header("authorization"));
    if (token === undefined) throw fail(401, "no_authorization", "This endpoint requires a valid Bearer token");
    const id = await subjectOf(project, token, deps.clock());
    const [found] = await query<{ user: User }>(project, "select to_jsonb(u) as user from auth.users u where id = $1", [
      id,
    ]);
    if (found === undefined) throw fail(403, "user_not_found", "User from sub claim in JWT does not exist");
    return c.json(show(found.user));
  });
}

async function subjectOf(project: SupabaseProject, token: string, now: Date): Promise<string> {
  const badToken = (reason: string) =>
    fail(403, "bad_jwt", `invalid JWT: unable to parse or verify signature, ${reason}`);
  // The library would check the times by the machine's clock.
  const times = { exp: false, iat: false, nbf: false };
  const claims: unknown = await verify(token, project.jwtSecret, { alg: "HS256", ...times }).catch(
    (thrown: unknown) => {
      throw badToken(messageOf(thrown));
    },
  );
  const session = z.object({ sub: z.guid(), exp: z.number() }).safeParse(claims);
  if (!session.success) throw badToken("missing sub claim");
  if (session.data.exp * 1000 <= now.getTime()) throw badToken("token is expired");
  return session.data.sub;
}
