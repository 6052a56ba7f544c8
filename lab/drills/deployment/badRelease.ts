import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { APP_FOLDER } from "../../sandbox/app/repository.ts";
import { withClient } from "../../sandbox/postgres/client.ts";

/** Every n-th request of a visitor fails. The health answer stays good, as it does in most bad releases. */
export const FAULT_EVERY = 3;

/** The app's server, in which requests fail without its health noticing. */
export async function faultyServer(): Promise<string> {
  const source = await readFile(join(APP_FOLDER, "server.mjs"), "utf8");
  const at = "async function answer(request) {\n";
  if (!source.includes(at))
    throw new Error("The app's server has another form: correct lab/drills/deployment/badRelease.ts.");
  const fault = `  if (request.url !== "/api/health" && (asked += 1) % ${FAULT_EVERY} === 0) throw new Refusal(500, "A fault of this release.");\n`;
  return source.replace(at, `let asked = 0;\n${at}${fault}`);
}

/** A migration, as the Supabase CLI names its file. */
const VERSION = "20260601000000";
export const MIGRATION_FILE = `supabase/migrations/${VERSION}_topics.sql`;
export const MIGRATION =
  "create table public.topics (id bigint generated always as identity primary key, name text not null)";

/** Notes in the database that it has had the migration, as the Supabase CLI does. */
export async function noteMigration(databaseUrl: string): Promise<void> {
  await withClient(databaseUrl, async (client) => {
    await client.query(`
      create schema if not exists supabase_migrations;
      create table if not exists supabase_migrations.schema_migrations (version text primary key, statements text[], name text)`);
    await client.query(
      "insert into supabase_migrations.schema_migrations values ($1, $2, 'topics') on conflict do nothing",
      [VERSION, [MIGRATION]],
    );
  });
}
