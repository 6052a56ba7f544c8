import pg from "pg";

import { projectPlace } from "../../../lab/drills/company/projectContent.ts";
import { createRepository, fillDatabase, fillProjectContent } from "../../../lab/drills/company/seed.ts";
import { addressOf, type SandboxFile } from "../../../lab/sandbox/host/layout.ts";
import { SANDBOX_NAMES } from "../../../lab/sandbox/workspace.ts";
import { vercelApps } from "../../../services/appHost/vercel.ts";
import { githubCode } from "../../../services/codeHost/github.ts";
import { supabaseDatabases } from "../../../services/databaseHost/supabase.ts";
import { cloudflareDns } from "../../../services/dns/cloudflare.ts";

/** A CastChat that runs before the recovery stack is there. */
export interface LiveCompany {
  supabaseRef: string;
  databaseUrl: string;
  /** All that its services say of it, as text. */
  look: () => Promise<string>;
}

const PASSWORD = "the-founders-own-password";
const PROJECT = "castchat-web";
/** Records that a zone in use has. A proxied one hides its origin. */
const RECORDS = [
  { type: "CNAME", name: SANDBOX_NAMES.publicName, content: "cname.vercel-dns.com", ttl: 1, proxied: true },
  { type: "A", name: SANDBOX_NAMES.zone, content: "76.76.21.21", ttl: 3600, proxied: false },
  { type: "MX", name: SANDBOX_NAMES.zone, content: "mx.mail.example", priority: 10, ttl: 3600 },
  { type: "TXT", name: SANDBOX_NAMES.zone, content: "v=spf1 include:mail.example -all", ttl: 3600 },
  {
    type: "CAA",
    name: SANDBOX_NAMES.zone,
    data: { flags: 0, tag: "issue", value: "pki.goog" },
    ttl: 3600,
  },
];

/** Makes CastChat as its founders did: by each service's own API, with names of their own. */
export async function foundCompany(file: SandboxFile, signal: AbortSignal): Promise<LiveCompany> {
  const at = (service: Parameters<typeof addressOf>[1]) => addressOf(file.ports, service);
  const { supabaseToken, vercelToken, cloudflareToken, githubToken } = file.credentials;
  const projectUrlTemplate = `${at("supabase")}/projects/{ref}`;
  const databases = supabaseDatabases({ token: supabaseToken, endpoint: at("supabase"), projectUrlTemplate });
  const apps = vercelApps({ token: vercelToken, endpoint: at("vercel") });
  const dns = cloudflareDns({ token: cloudflareToken, endpoint: at("cloudflare") });
  const code = githubCode({ token: githubToken, endpoint: at("github") });
  const post = async (url: string, token: string, body: object): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
    if (!answer.ok) throw new Error(`POST ${url} was refused: ${answer.status} ${await answer.text()}`);
    return await answer.json();
  };

  const where = { organization: SANDBOX_NAMES.supabaseOrganization, region: "ap-northeast-1" };
  const { ref } = await databases.createProject({ name: "CastChat live", ...where, password: PASSWORD }, signal);
  while ((await databases.project(ref, signal))?.state !== "healthy")
    await new Promise((resolve) => setImmediate(resolve));
  const { host, port, user, database } = await databases.sessionAddress(ref, signal);
  const databaseUrl = `postgresql://${user}:${PASSWORD}@${host}:${port}/${database}`;
  await fillDatabase(databaseUrl, 50, () => undefined, signal);
  await fillProjectContent(projectPlace({ file }, { supabaseRef: ref, databaseUrl }), () => undefined, signal);

  await createRepository(file, signal);
  await post(`${at("vercel")}/v11/projects`, vercelToken, { name: PROJECT });
  const variables = ["DATABASE_URL", "MAIL_KEY", "PAYMENT_KEY"].map((key) => {
    return { key, value: `live ${key}`, type: "sensitive", target: ["production"] };
  });
  await post(`${at("vercel")}/v10/projects/${PROJECT}/env`, vercelToken, variables);
  await post(`${at("vercel")}/v10/projects/${PROJECT}/domains`, vercelToken, { name: SANDBOX_NAMES.publicName });
  await post(`${at("cloudflare")}/client/v4/zones`, cloudflareToken, {
    name: SANDBOX_NAMES.zone,
    account: { id: SANDBOX_NAMES.cloudflareAccount },
  });
  const zoneId = (await dns.zoneId(SANDBOX_NAMES.zone, signal)) ?? "";
  for (const record of RECORDS)
    await post(`${at("cloudflare")}/client/v4/zones/${zoneId}/dns_records`, cloudflareToken, record);

  const look = async () =>
    JSON.stringify([
      await databases.projects(signal),
      await databases.authSettings(ref, signal),
      await catalogOf(databaseUrl),
      await apps.exportProject(PROJECT, signal),
      await apps.variables(PROJECT, signal),
      await apps.publicNames(PROJECT, signal),
      await dns.exportRecords(zoneId, signal),
      await code.exportRepository(SANDBOX_NAMES.repository, signal),
    ]);
  return { supabaseRef: ref, databaseUrl, look };
}

/** Name of the app's project at the app host. */
export const LIVE_PROJECT = PROJECT;

/** Relations, roles and settings of a database, and the rows of every table that its owner may read. */
async function catalogOf(connectionString: string): Promise<unknown> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query(`
      select (select jsonb_agg(to_jsonb(c) - 'relpages' - 'reltuples' - 'relallvisible' - 'relallfrozen' - 'relfrozenxid' - 'relminmxid' order by c.oid)
                from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where n.nspname !~ '^pg_') as relations,
             (select jsonb_agg(to_jsonb(r) - 'rolpassword' order by r.oid) from pg_catalog.pg_roles r) as roles,
             (select jsonb_agg(to_jsonb(s)) from pg_catalog.pg_db_role_setting s) as settings,
             (select jsonb_agg(to_jsonb(d) - 'datfrozenxid' - 'datminmxid') from pg_catalog.pg_database d) as databases,
             (select jsonb_object_agg(n.nspname || '.' || c.relname, pg_catalog.query_to_xml(pg_catalog.format(
                'select count(*), md5(string_agg(one::text, '','' order by one::text)) from %I.%I one', n.nspname, c.relname), true, false, '')::text)
                from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
               where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema)' and pg_catalog.has_table_privilege(c.oid, 'select')) as rows`);
    return rows;
  } finally {
    await client.end();
  }
}
