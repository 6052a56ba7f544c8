import { execFileSync, spawnSync } from "node:child_process";

import { listTables } from "../../../recovery/postgres/catalog/catalog.ts";
import { withSession } from "../../../recovery/postgres/session/database.ts";
import { quoteIdent } from "../../../recovery/postgres/session/quote.ts";
import type { Vault } from "../../../services/vault/vault.ts";
import { putInPlace } from "./inPlace.ts";

/** Runs SQL in a database, as whoever the connection string says. */
export async function runSql<Row extends object>(url: string, sql: string): Promise<Row[]> {
  return await withSession(url, { applicationName: "test" }, (session) => session.query<Row>(sql));
}

/** Every row of every table as text, by a reader of its own: nothing of the code under test but the list of tables. */
export async function contentOf(url: string): Promise<Record<string, string>> {
  return await withSession(url, { applicationName: "test" }, async (session) => {
    const contents: Record<string, string> = {};
    for (const { schema, name } of await listTables(session)) {
      const [row] = await session.query<{ digest: string }>(
        `select count(*) || ':' || coalesce(md5(string_agg(t::text, e'\\n' order by t::text collate "C")), '') as digest from only ${quoteIdent(schema)}.${quoteIdent(name)} t`,
      );
      contents[`${schema}.${name}`] = row?.digest ?? "";
    }
    return contents;
  });
}

/** The whole definition of a database as stock pg_dump writes it, without what differs from run to run. */
export function definitionOf(superuserUrl: string): string {
  const sql = execFileSync(
    "pg_dump",
    ["--schema-only", "--exclude-schema=castchat_recovery", `--dbname=${superuserUrl}`],
    { maxBuffer: 1e8, env: process.env },
  );
  return sql.toString().replaceAll(/^\\(un)?restrict .*$/gm, "");
}

/** Replaces an object by an altered one, and leaves no version of the good one. */
export async function tamper(vault: Vault, key: string, change: (content: Buffer) => Buffer): Promise<void> {
  await putInPlace(vault, key, change(Buffer.from((await vault.getBytes(key))!)));
}

/** Everything that stock pg_dump says of a database, its lines sorted, since rows come back in another order. The platform dates its own. */
export function dumpOf(superuserUrl: string): string {
  const dump = spawnSync(
    "bash",
    [
      "-c",
      `pg_dump --exclude-schema=castchat_recovery --exclude-table-data=storage.migrations --dbname="$URL" | grep -v restrict | sort | sha256sum`,
    ],
    {
      env: { ...process.env, URL: superuserUrl, LC_ALL: "C" },
    },
  );
  return dump.stdout.toString();
}
