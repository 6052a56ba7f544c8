import { execFileSync, spawnSync } from "node:child_process";

import { applySchema, fill } from "../../../lab/sandbox/sample/database.ts";
import { RECOVERY_LOG_PREFIX } from "../../../planning/names.ts";
import { listTables } from "../../../recovery/postgres/catalog/catalog.ts";
import { withSession } from "../../../recovery/postgres/session/database.ts";
import { quoteTable, tableName } from "../../../recovery/postgres/session/quote.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import type { TestDatabase } from "../../support/postgres.ts";
import { putInPlace } from "./inPlace.ts";

/** Runs SQL in a database, as the connection string's role. */
export async function runSql<Row extends object>(url: string, sql: string): Promise<Row[]> {
  return await withSession(url, { applicationName: "test" }, (session) => session.query<Row>(sql));
}

/** Makes CastChat's tables in a database, with so many posts and what belongs to them. */
export async function fillSample(url: string, rows: number): Promise<void> {
  await applySchema(url);
  await fill(url, { rows });
}

/** Adds to the sample what it lacks: roles of the app that own objects, a publication, a large object. */
export async function addOwnRoles(database: TestDatabase): Promise<void> {
  await database.query(`create role reporting nologin; create role "Analyst 1" login in role reporting; alter role "Analyst 1" set statement_timeout = '9s';
    grant reporting, "Analyst 1" to postgres; grant create, usage on schema private to reporting;
    create table private.reports (id int primary key, made_at timestamptz); insert into private.reports values (1, now()); alter table private.reports owner to reporting;
    create function private.report() returns int language sql security definer as 'select 1'; alter function private.report() owner to reporting;
    grant select on auth.users to reporting; grant usage on schema auth to reporting;
    alter publication supabase_realtime add table public.teams; create publication partners for table public.posts (id, title);
    select lo_from_bytea(0, '\\xcafe')`);
  await database.query('revoke reporting, "Analyst 1" from postgres');
}

/** A digest of every row of every table, by a query of its own: only the list of tables is from the code under test. */
export async function contentOf(url: string): Promise<Record<string, string>> {
  return await withSession(url, { applicationName: "test" }, async (session) => {
    const contents: Record<string, string> = {};
    const digest = `count(*) || ':' || coalesce(md5(string_agg(t::text, e'\\n' order by t::text collate "C")), '') as digest`;
    for (const table of await listTables(session)) {
      const [row] = await session.query<{ digest: string }>(`select ${digest} from only ${quoteTable(table)} t`);
      contents[tableName(table)] = row?.digest ?? "";
    }
    return contents;
  });
}

/** A database's whole definition as stock pg_dump writes it, without what differs from run to run. */
export function definitionOf(superuserUrl: string): string {
  const args = ["--schema-only", "--exclude-schema=castchat_recovery", `--dbname=${superuserUrl}`];
  const sql = execFileSync("pg_dump", args, { maxBuffer: 1e8, env: process.env });
  return sql.toString().replaceAll(/^\\(un)?restrict .*$/gm, "");
}

/** Alters an object, and leaves no good version of it. */
export async function tamper(vault: Vault, key: string, change: (content: Buffer) => Buffer): Promise<void> {
  await putInPlace(vault, key, change(Buffer.from((await vault.getBytes(key))!)));
}

/** A copy with one other bit in the middle. */
export function flipped(content: Buffer): Buffer {
  const copy = Buffer.from(content);
  copy[copy.length >> 1]! ^= 1;
  return copy;
}

/** A vault in which the objects whose keys contain this are missing. */
export function vaultWithout(vault: Vault, part: string): Vault {
  return {
    ...vault,
    get: (key, signal) => (key.includes(part) ? Promise.resolve(undefined) : vault.get(key, signal)),
    getBytes: (key, signal) => (key.includes(part) ? Promise.resolve(undefined) : vault.getBytes(key, signal)),
  };
}

/** The entries of a vault's recovery log, the oldest first. */
export async function recoveryLogOf(vault: Vault): Promise<{ key: string; entry: Record<string, unknown> }[]> {
  const keys = (await vault.list(RECOVERY_LOG_PREFIX)).map(({ key }) => key).sort();
  const read = async (key: string) => JSON.parse(Buffer.from((await vault.getBytes(key))!).toString("utf8")) as object;
  return await Promise.all(keys.map(async (key) => ({ key, entry: { ...(await read(key)) } })));
}

/** A hash of stock pg_dump's sorted lines, since rows come back in another order. The platform dates its own migrations. */
export function dumpOf(superuserUrl: string): string {
  const command = `pg_dump --exclude-schema=castchat_recovery --exclude-table-data=storage.migrations --dbname="$URL" | grep -v restrict | sort | sha256sum`;
  const dump = spawnSync("bash", ["-c", command], { env: { ...process.env, URL: superuserUrl, LC_ALL: "C" } });
  return dump.stdout.toString();
}
