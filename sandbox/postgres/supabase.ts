import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { majorOf } from "./version.ts";
import { MANAGED_SCHEMAS_SQL } from "../../operations/verify/throwaway/managedSchemas.ts";

const [BEFORE, AFTER, VAULT] = ["./supabase.sql", "./platformRights.sql", "./vault.sql"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
) as [string, string, string];

/**
 * Turns the database of a fresh server into that of a new Supabase project: its roles, schemas and privileges
 * (the scripts say which). All or nothing; a second run fails, because the roles exist already.
 */
export async function prepareSupabase(superuserUrl: string, options: { postgresPassword: string }): Promise<void> {
  const [before, after, vault] = await Promise.all([BEFORE, AFTER, VAULT].map((path) => readFile(path, "utf8")));
  const script = [before, MANAGED_SCHEMAS_SQL, after, vault].join("\n");
  await withClient(superuserUrl, async (client) => {
    const fitting = (await majorOf(client)) < MEMBERSHIP_OPTIONS_SINCE ? withOlderMemberships(script) : script;
    await client.query(`begin;\n${fitting}\n${passwordStatement(options.postgresPassword)};\ncommit;`);
  });
}

/** Gives the role `postgres` another password, as `PATCH /v1/projects/{ref}/database/password` does. Open connections stay. */
export async function setPostgresPassword(superuserUrl: string, password: string): Promise<void> {
  await withClient(superuserUrl, async (client) => {
    await client.query(passwordStatement(password));
  });
}

/** A connection string to a server on 127.0.0.1. */
export function connectionUrl(user: string, password: string, port: number, database = "postgres"): string {
  return `postgresql://${encodeURIComponent(user)}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

/** The first major version in which a membership says whether it inherits and may be assumed. */
const MEMBERSHIP_OPTIONS_SINCE = 16;

/** Memberships as older servers know them: with the right to pass them on, or without; and in fewer of the server's own roles. */
function withOlderMemberships(script: string): string {
  return script
    .replaceAll(/ with ((?:admin|inherit|set) (?:true|false)(?:, )?)+;/g, (options) =>
      options.includes("admin true") ? " with admin option;" : ";",
    )
    .replaceAll(", pg_create_subscription", "");
}

function passwordStatement(password: string): string {
  return `alter role postgres password ${pg.escapeLiteral(password)}`;
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
