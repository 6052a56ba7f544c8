import { cloneUrl } from "../../planning/names.ts";
import { withSession } from "../../recovery/postgres/session/database.ts";
import { appliedMigrations } from "../../recovery/rollback/migrations.ts";
import type { RollbackPorts, RolledApp, Watch } from "../../recovery/rollback/ports.ts";
import { systemClock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import { realTiming } from "../../services/common/timing.ts";
import type { App } from "../../settings/apps.ts";
import { agreeWith } from "../terminal/confirm.ts";
import { reportLine } from "../terminal/progress.ts";
import { appNamed, liveRefOf } from "./liveApp.ts";
import { portsOf } from "./services.ts";
import { requiredVariable, type StackContext } from "./stackContext.ts";

/** Rounds of questions in a window. */
const ROUNDS = 30;

/** The app of a stack that serves visitors, as a rollback takes it. UserError for a standby that serves none. */
export function rolledAppOf({ settings }: StackContext, name: string | undefined): RolledApp {
  const app = appNamed(settings, name);
  const { stack, role, endpoints, apps } = settings;
  if (role === "standby" && settings.mode !== "active")
    throw new UserError(`Stack ${stack} is a standby, whose app serves no visitors. Name the primary's stack with -s.`);
  // A recovered app is built from its mirror.
  const source = role === "standby" ? (app.mirror ?? app.repository) : app.repository;
  return {
    project: app.project,
    publicNames: app.publicNames,
    healthPath: app.healthPath,
    healthAnswer: app.healthAnswer,
    probes: app.probes ?? { paths: [] },
    sourceUrl: cloneUrl(source, endpoints.github),
    branch: app.branch,
    stack,
    appName: apps.length > 1 ? (app.name ?? app.project) : undefined,
  };
}

/**
 * What a rollback of an app works with. If the app will be watched, a password of its test user that is not set is refused before anything moves.
 *
 * @param windowSeconds undefined for a command that only looks
 */
export function rollbackPortsOf(
  context: StackContext,
  { app: name, yes, windowSeconds }: { app: string | undefined; yes: boolean; windowSeconds: number | undefined },
  signal: AbortSignal,
): RollbackPorts {
  const ports = portsOf(context.settings);
  const windowMs = (windowSeconds ?? 0) * 1000;
  const watch: Watch = { windowMs, everyMs: windowMs / ROUNDS };
  return {
    appHost: ports.appHost(),
    edge: ports.edge,
    git: ports.git(),
    migrations: async (at) => {
      const { databaseUrl } = context.outputs;
      if (databaseUrl === undefined)
        throw new UserError(`stack ${context.settings.stack} has no address of a database.`);
      const session = { applicationName: "castchat-recovery rollback", signal: at };
      return await withSession(databaseUrl, session, appliedMigrations);
    },
    logIn: windowSeconds === undefined ? noTestUser : testUserOf(context, appNamed(context.settings, name)),
    agree: agreeWith(yes),
    watch,
    timing: realTiming,
    clock: systemClock,
    reporter: reportLine,
    signal,
  };
}

const noTestUser = () => Promise.reject(new Error("The settings name no test user."));

/** The login of an app's test user. UserError if the settings name one, and its password is not set. */
function testUserOf(context: StackContext, { probes }: App): RollbackPorts["logIn"] {
  const { login } = probes ?? {};
  if (login === undefined) return noTestUser;
  const { email, passwordVariable } = login;
  const password = requiredVariable(
    passwordVariable,
    `the password of ${email}, whose login shows that users have access`,
  );
  const ref = liveRefOf(context);
  const databaseHost = portsOf(context.settings).databaseHost();
  return async (signal) => {
    if (ref === undefined) throw new UserError("the stack does not know its Supabase project.");
    return await databaseHost.logIn(ref, { email, password }, signal);
  };
}
