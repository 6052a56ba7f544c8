import { createHash } from "node:crypto";

import { z } from "zod";

import type { SandboxFile } from "../../sandbox/host/layout.ts";
import { withClient } from "../../sandbox/postgres/client.ts";
import { SANDBOX_NAMES } from "../../sandbox/workspace.ts";
import { takeProjectSnapshot } from "../compare/projectSnapshot.ts";
import type { LiveDatabase } from "./founding.ts";
import { LIVE_APPS } from "./liveNames.ts";
import { liveServices } from "./liveServices.ts";
import { projectPlace } from "./projectContent.ts";

/** All that the services say of the company that runs, by part, each as text. */
export type LiveSite = Readonly<Record<string, string>>;

const recordsAnswer = z.object({
  result: z.array(z.looseObject({ name: z.string(), comment: z.string().nullish() })),
});
const zonesAnswer = z.object({ result: z.array(z.object({ id: z.string() })) });

/** Reads the running company from its services: projects, variables, names, records, repositories, objects, and every row. */
export async function readLiveSite(file: SandboxFile, database: LiveDatabase, signal?: AbortSignal): Promise<LiveSite> {
  const { vercel, cloudflare, github, supabase } = liveServices(file, signal);
  const { supabaseRef } = database;
  const zones = zonesAnswer.parse(await cloudflare("GET", `/zones?name=${SANDBOX_NAMES.zone}`));
  const zone = zones.result[0]?.id ?? "";
  const parts: Record<string, unknown> = {
    "Supabase's projects": await supabase("GET", "/projects"),
    "auth settings": await supabase("GET", `/projects/${supabaseRef}/config/auth`),
    "storage objects, functions and secrets": await takeProjectSnapshot(projectPlace({ file }, database)),
    "rows, relations, roles and settings of the database": await readDatabase(database.databaseUrl),
    "the DNS zone": await cloudflare("GET", `/zones/${zone}`),
    "DNS records": withoutProbes(await cloudflare("GET", `/zones/${zone}/dns_records?per_page=5000`)),
  };
  for (const { project, repository } of LIVE_APPS) {
    const path = `/v9/projects/${project}`;
    parts[`Vercel project ${project}`] = await vercel("GET", path);
    parts[`variables of ${project}`] = await vercel("GET", `${path}/env`);
    parts[`domains of ${project}`] = await vercel("GET", `${path}/domains`);
    parts[`deployments of ${project}`] = await vercel("GET", `/v7/deployments?projectId=${project}`);
    parts[`repository ${repository}`] = await github("GET", `/repos/${repository}`);
    parts[`branches of ${repository}`] = await github("GET", `/repos/${repository}/branches`);
    parts[`Actions of ${repository}`] = await github("GET", `/repos/${repository}/actions/permissions`);
  }
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, JSON.stringify(part, inOrder)]));
}

/** The records of a zone without the standby's probe names, which are its own (recovery/site/probeName.ts). */
function withoutProbes(answer: unknown): unknown[] {
  const records = recordsAnswer.parse(answer).result;
  return records.filter(
    ({ name, comment }) => !(/^[a-z0-9-]+-probe\./.test(name) && comment?.includes("castchat-recovery")),
  );
}

/** Sorts the names of an object: objects that are read side by side arrive in any order. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

/** The parts that differ between two readings. */
export function changedParts(before: LiveSite, after: LiveSite): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => before[name] !== after[name]);
}

/** A short hash over every part, for a report. */
export function fingerprintOf(site: LiveSite): string {
  return createHash("sha256").update(JSON.stringify(site)).digest("hex").slice(0, 12);
}

/**
 * The catalog of a database without the server's own statistics, and a hash over the rows of every table that its owner may read. The
 * time of a transaction id's last freeze is the server's own as well.
 */
async function readDatabase(url: string): Promise<unknown> {
  const { rows } = await withClient(url, (client) =>
    client.query(`
      select (select jsonb_agg(to_jsonb(c) - 'relpages' - 'reltuples' - 'relallvisible' - 'relallfrozen' - 'relfrozenxid' - 'relminmxid' order by c.oid)
                from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where n.nspname !~ '^pg_') as relations,
             (select jsonb_agg(to_jsonb(r) - 'rolpassword' order by r.oid) from pg_catalog.pg_roles r) as roles,
             (select jsonb_agg(to_jsonb(s)) from pg_catalog.pg_db_role_setting s) as settings,
             (select jsonb_agg(to_jsonb(d) - 'datfrozenxid' - 'datminmxid') from pg_catalog.pg_database d) as databases,
             (select jsonb_object_agg(n.nspname || '.' || c.relname, pg_catalog.query_to_xml(pg_catalog.format(
                'select count(*), md5(string_agg(one::text, '','' order by one::text)) from %I.%I one', n.nspname, c.relname), true, false, '')::text)
                from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema)' and pg_catalog.has_table_privilege(c.oid, 'select')) as rows`),
  );
  return rows;
}
