import { withSession } from "../../clients/database.ts";
import { readEntries } from "./archiveScript.ts";
import { NOT_NULL_CONSTRAINTS_SINCE, forOlderServer } from "./olderSyntax.ts";
import { restoreScript } from "./pgRestore.ts";
import type { PgRestoreOptions } from "./pgRestore.ts";

/** Where definitions are made. */
export interface RestoreDefinitionsOptions extends Omit<PgRestoreOptions, "args" | "onlyRights"> {
  targetUrl: string;
}

/**
 * Makes types, functions and tables as pg_restore would, each entry by itself: in one transaction for all, a server would run out of
 * locks. Without words that an older server doesn't know.
 */
export async function restoreDefinitions(options: RestoreDefinitionsOptions): Promise<void> {
  const { session, targetUrl, applicationName, signal } = options;
  const { sql, list } = await restoreScript({ ...options, args: ["--section=pre-data", "--verbose"] });
  const isOlder = session.serverMajor < NOT_NULL_CONSTRAINTS_SINCE;
  const { settings, entries } = readEntries(isOlder ? (forOlderServer(sql) ?? sql) : sql, list);
  await withSession(targetUrl, { applicationName, signal }, async (own) => {
    await own.query(settings);
    await own.query("set synchronous_commit = off");
    for (const entry of entries) await own.query(entry);
  });
}
