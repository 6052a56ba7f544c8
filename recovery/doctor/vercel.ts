import type { BuildSettings } from "../../services/appHost/buildSettings.ts";
import { named } from "../../services/common/named.ts";
import type { App } from "../../settings/apps.ts";
import { type Check, failed, ok, type Outcome, skipped, unknown, warning } from "./check.ts";
import type { Subject } from "./subject.ts";

const EXISTS = "docs/accounts.md#what-exists-and-what-is-created";
const HEALTH = "docs/accounts.md#what-the-app-has-to-answer";
const BAD_DEPLOYMENT = "docs/runbook.md#a-deployment-is-bad-the-data-are-fine";
const TOKEN = "VERCEL_API_TOKEN";

/** The apps' projects, and what a copy of them would lack. */
export const VERCEL_CHECKS: readonly Check<Subject>[] = [
  { id: "vercel.project", about: "project", docs: EXISTS, run: eachApp(project) },
  { id: "vercel.protection", about: "protection and bypass", docs: HEALTH, run: eachApp(protection) },
  { id: "vercel.build", about: "build settings and region", docs: EXISTS, run: eachApp(build) },
  { id: "vercel.variables", about: "variables", docs: EXISTS, run: eachApp(variables) },
  { id: "vercel.names", about: "owner of the public names", docs: EXISTS, run: names },
  { id: "vercel.releases", about: "rollbacks", docs: BAD_DEPLOYMENT, run: eachApp(releases) },
  { id: "vercel.crons", about: "crons", docs: "docs/accounts.md#step-by-step", run: eachApp(crons) },
].map((check) => ({ ...check, category: "Vercel", token: TOKEN }));

/** Runs a check for each app. Its lines begin with the app's project, if there are several. */
function eachApp(run: (app: App, subject: Subject) => Promise<Outcome>) {
  return async (subject: Subject): Promise<Outcome[]> => {
    const { apps } = subject.settings;
    const outcomes = await Promise.all(apps.map((app) => run(app, subject)));
    return outcomes.map((one, index) =>
      apps.length === 1 ? one : { ...one, says: `${apps[index]?.project ?? ""}: ${one.says}` },
    );
  };
}

/** A project that the stack creates does not exist before its first `up`. */
function notYet({ settings, outputs }: Subject): Outcome | undefined {
  return outputs === undefined && settings.role === "standby"
    ? skipped("The stack is not up yet, and creates the project.")
    : undefined;
}

async function project(app: App, subject: Subject): Promise<Outcome> {
  const found = await subject.setUp(app.project);
  if (found !== undefined) return ok(`The token sees project ${app.project}.`);
  return (
    notYet(subject) ??
    failed(
      `Vercel shows no project ${app.project}${teamOf(subject)}.`,
      `correct project or vercelTeam in Pulumi.${subject.settings.stack}.yaml, or set ${TOKEN} to a token of that team`,
    )
  );
}

async function protection(app: App, subject: Subject): Promise<Outcome> {
  const found = await subject.setUp(app.project);
  if (found === undefined) return absent(app.project);
  switch (found.protection) {
    case "open":
      return ok("Deployments answer without a login.");
    case "generated addresses":
      return ok(
        found.hasPass
          ? "Generated addresses ask for a login, and a bypass secret opens them."
          : "Generated addresses ask for a login; the first deployment makes a bypass secret.",
      );
    case "every address":
      return warning(
        "Every address asks for a login, the public names too: a takeover of a name cannot be proved.",
        `in Vercel, project ${app.project}, Settings, Deployment Protection: choose Standard Protection`,
      );
  }
}

/** Compares a project with what the settings say of it and, in a standby, with the live project. */
async function build(app: App, subject: Subject): Promise<Outcome> {
  const { stack, role } = subject.settings;
  const own = await subject.setUp(app.project);
  const live = app.peerProject === undefined ? undefined : await subject.peerSetUp(app.peerProject);
  if (own === undefined) return absent(app.project);
  const declared = BUILD_KEYS.filter((key) => app.build?.[key] !== undefined);
  const faults = [
    ...differences(declared, [app.build ?? {}, "the settings"], [own.build, app.project]),
    ...(live === undefined ? [] : differences(BUILD_KEYS, [live.build, app.peerProject], [own.build, app.project])),
  ];
  if (faults.length > 0)
    return failed(
      `A recovery would build the app otherwise than the live one: ${named(faults)}.`,
      `set build of this app in Pulumi.${stack}.yaml to the live project's settings, and run pulumi up -s ${stack}`,
    );
  if (live === undefined && app.peerProject !== undefined)
    return unknown(
      `The token does not see the live project ${app.peerProject}, so nothing can be compared with it.`,
      seePeers(subject),
    );
  const { framework, functionRegion = "Vercel's default region" } = own.build;
  if (framework !== undefined) return ok(`It is built as ${framework}, and its functions run in ${functionRegion}.`);
  if (role === "primary" && app.state !== "create")
    return ok(`The live project has no framework set, and builds as it is.`);
  return warning(
    `Project ${app.project} has no framework, so Vercel serves its files as they are unless vercel.json names one.`,
    `set build.framework of this app in Pulumi.${stack}.yaml, such as nextjs`,
  );
}

/** The build settings, in the order in which differences are named. */
const BUILD_KEYS = [
  ...(["framework", "rootDirectory", "installCommand", "buildCommand", "outputDirectory"] as const),
  ...(["devCommand", "nodeVersion", "functionRegion"] as const),
];

type NamedBuild = readonly [build: BuildSettings, name: string | undefined];

function differences(
  keys: readonly (keyof BuildSettings)[],
  [wanted, from]: NamedBuild,
  [found, at]: NamedBuild,
): string[] {
  const shown = (value: string | undefined) => (value === undefined ? "not set" : JSON.stringify(value));
  return keys
    .filter((key) => wanted[key] !== found[key])
    .map((key) => `${key} is ${shown(wanted[key])} in ${from ?? ""} and ${shown(found[key])} in ${at ?? ""}`);
}

/** Variables of production that the standby's project lacks. Their values are never read. */
async function variables(app: App, subject: Subject): Promise<Outcome> {
  const { ports, settings, signal } = subject;
  if (app.peerProject === undefined)
    return skipped(
      settings.role === "primary"
        ? "A primary has the live variables themselves."
        : "The settings name no live project (peerProject) to compare with.",
    );
  const [own, live] = await Promise.all([subject.setUp(app.project), subject.peerSetUp(app.peerProject)]);
  if (own === undefined) return absent(app.project);
  if (live === undefined)
    return unknown(`The token does not see the live project ${app.peerProject}.`, seePeers(subject));
  const [there, wanted] = await Promise.all(
    [
      { id: own.id, host: ports.appHost() },
      { id: live.id, host: ports.peerAppHost() },
    ].map(async ({ id, host }) => {
      const all = await host.variables(id, signal);
      return all.filter(({ targets }) => targets.includes("production")).map(({ key }) => key);
    }),
  );
  const missing = [...new Set(wanted)].filter((key) => !there?.includes(key) && !MADE_BY_RECOVERY.has(key)).sort();
  if (missing.length === 0) return ok("The standby has every variable that production has.");
  return warning(
    `${missing.length} of production's variables are not in ${app.project}: ${named(missing)}. The recovered app comes up without them, unless the recovery sets them.`,
    `in Vercel, project ${app.project}, Settings, Environment Variables: add them`,
  );
}

/** A recovery sets these itself, with the new database's address and keys. */
const MADE_BY_RECOVERY: ReadonlySet<string> = new Set(["DATABASE_URL", "SUPABASE_URL", "SUPABASE_ANON_KEY"]);

async function names({ settings, ports, setUp, peerSetUp, signal }: Subject): Promise<Outcome[]> {
  return await Promise.all(
    settings.apps.flatMap((app) =>
      app.publicNames.map(async (name) => {
        const { project, peerProject } = app;
        const peers = peerProject === undefined ? [] : [[peerProject, peerSetUp, ports.peerAppHost] as const];
        const owners = [[project, setUp, ports.appHost] as const, ...peers];
        for (const [owner, lookUp, appHost] of owners) {
          const found = await lookUp(owner);
          if (found === undefined) continue;
          const held = await appHost().publicName(found.id, name, signal);
          if (held === undefined) continue;
          return held.isVerified
            ? ok(`${name} belongs to project ${owner}.`)
            : failed(
                `${name} is in project ${owner}, but not verified: it serves no visitor there.`,
                `in Vercel, project ${owner}, Settings, Domains: set the record that it asks for`,
              );
        }
        return warning(
          `${name} is in neither ${owners.map(([owner]) => owner).join(" nor ")}. If a project of another team has it, a recovery proves the name by a TXT record, and names no project beforehand.`,
          settings.role === "primary" ? `set ${TOKEN} to a token that also sees that project` : seePeers({ settings }),
        );
      }),
    ),
  );
}

/** A rollback keeps new deployments from visitors until it is ended, and a push says nothing of that. */
async function releases(app: App, { ports, settings, signal }: Subject): Promise<Outcome> {
  const isLive = settings.role === "primary" || settings.mode === "active";
  const [project, host] =
    isLive || app.peerProject === undefined ? [app.project, ports.appHost] : [app.peerProject, ports.peerAppHost];
  const found = await host().releaseState(project, signal);
  if (found === undefined) return absent(project);
  const { followsBuilds, lastMove, servedId } = found;
  if (followsBuilds) return ok(`New deployments of ${project} get the public names.`);
  if (lastMove?.kind !== "rollback" || lastMove.to !== servedId)
    return ok(`New deployments of ${project} get the public names by hand only, as its setting says.`);
  const named = settings.apps.length > 1 ? ` --app ${app.name ?? app.project}` : "";
  const status = `castchat-recovery rollback status${named} -s`;
  return warning(
    `${project} was rolled back to ${servedId} at ${lastMove.at.toISOString()}: since then no new deployment reaches its visitors.`,
    isLive ? `${status} ${settings.stack}` : `${status} prod, or what the primary's stack is called`,
  );
}

async function crons(app: App, subject: Subject): Promise<Outcome> {
  const { peerProject } = app;
  const project = peerProject ?? app.project;
  const found = peerProject === undefined ? await subject.setUp(project) : await subject.peerSetUp(project);
  if (found === undefined) return absent(project);
  if (found.crons.length === 0) return ok(`Project ${project} has no crons.`);
  const list = named(found.crons.map(({ path, schedule }) => `${path} (${schedule})`));
  return warning(
    `Vercel calls ${list} of every production deployment by itself, also in a drill with real data.`,
    "let these paths do nothing on another host than the public name",
  );
}

function absent(project: string): Outcome {
  return skipped(`There is no project ${project} that the token sees.`);
}

/** What lets a standby see the primary's projects. */
function seePeers({ settings: { stack } }: Pick<Subject, "settings">): string {
  return `pulumi config set peerVercelTeam TEAM -s ${stack}; pulumi config set --secret peerVercelToken -s ${stack}`;
}

function teamOf({ settings }: Subject): string {
  return settings.vercelTeam === undefined ? "" : ` in team ${settings.vercelTeam}`;
}
