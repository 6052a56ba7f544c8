import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { parse, stringify } from "yaml";

import { demoUser } from "../../sandbox/sample/demoUser.ts";
import type { LiveDatabase } from "./founding.ts";
import { LIVE_APPS } from "./liveNames.ts";

/** Settings of a primary that creates its site. */
const OF_A_CREATED_SITE = ["database", "dns", "cloudflareAccountId", "supabaseOrganization", "supabaseRegion"];

/** What a rollback asks beside the health path. */
const PROBES = {
  paths: ["/api/posts?limit=1"],
  login: { email: demoUser(1).email },
  write: { path: "/api/posts", body: { title: "A probe", body: "written by a rollback" } },
};

/** Vercel's region near the database of the standby. */
const FUNCTION_REGION = "icn1";

/**
 * Has both stack files of a workspace name the company that runs, as `castchat-recovery init` would: found by the primary, and taken over
 * by the standby. The addresses of the database are secrets, and no part of the files.
 */
export async function nameLiveSite(workspace: string, { supabaseRef }: LiveDatabase): Promise<void> {
  const found = LIVE_APPS.map(({ name, project, repository, publicName, build }) => {
    return { ...(name && { name }), project, repository, publicNames: [publicName], build, probes: PROBES };
  });
  await changeSettings(workspace, "prod", OF_A_CREATED_SITE, { supabaseRef, apps: found });
  const recovered = LIVE_APPS.map(({ name, project, repository, publicName, build, standby }) => {
    const own = { ...standby, peerProject: project, build: { ...build, functionRegion: FUNCTION_REGION } };
    return { ...(name && { name }), ...own, repository, publicNames: [publicName] };
  });
  const takeover = LIVE_APPS.map(({ publicName }) => publicName);
  await changeSettings(workspace, "dr", [], { peerSupabaseRef: supabaseRef, apps: recovered, takeover });
}

/** Has the primary's stack file say that its apps and its zone are managed, so that `castchat-recovery adopt` brings them in. */
export async function manageLiveSite(workspace: string): Promise<void> {
  const { config } = parse(await readFile(join(workspace, "Pulumi.prod.yaml"), "utf8")) as {
    config: { "castchat-recovery:apps": readonly object[] };
  };
  const apps = config["castchat-recovery:apps"].map((app) => ({ ...app, state: "managed" }));
  await changeSettings(workspace, "prod", [], { apps, dns: "managed" });
}

/** Removes settings of a stack's file and sets others. What the engine keeps beside the settings stays. */
async function changeSettings(
  workspace: string,
  stack: "prod" | "dr",
  removed: readonly string[],
  set: Readonly<Record<string, unknown>>,
): Promise<void> {
  const file = join(workspace, `Pulumi.${stack}.yaml`);
  const content = parse(await readFile(file, "utf8")) as { config?: Record<string, unknown> };
  const kept = Object.entries<unknown>(content.config ?? {}).filter(
    ([key]) => !removed.includes(key.replace(/^.*:/, "")),
  );
  const own = Object.entries(set).map(([key, value]): [string, unknown] => [`castchat-recovery:${key}`, value]);
  await writeFile(file, stringify({ ...content, config: { ...Object.fromEntries(kept), ...Object.fromEntries(own) } }));
}
