import { withSession } from "../../postgres/session/database.ts";
import { readEntries } from "../archive/archiveScript.ts";
import { withoutUnknownOptions } from "../archive/columnOptions.ts";
import { forOlderServer, NOT_NULL_CONSTRAINTS_SINCE } from "../archive/olderSyntax.ts";
import { type PgRestoreOptions, restoreScript } from "../archive/pgRestore.ts";

/** Where definitions are made. */
export interface RestoreDefinitionsOptions extends Omit<PgRestoreOptions, "args" | "onlyRights"> {
  targetUrl: string;
}

/**
 * Makes types, functions and tables as pg_restore would, each entry by itself: in one transaction for all, a server would run out of
 * locks. Without words that an older server doesn't know. Returns what of them is left out, in sentences.
 */
export async function restoreDefinitions(options: RestoreDefinitionsOptions): Promise<string[]> {
  const { session, targetUrl, applicationName, signal } = options;
  const { settings, entries, notes } = await readDefinitions(options);
  await withSession(targetUrl, { applicationName, signal, timing: session.timing }, async (own) => {
    await own.query(settings);
    await own.query("set synchronous_commit = off");
    for (const entry of entries) await own.query(entry);
  });
  return notes;
}

/** The same of definitions that an interrupted restore has made. */
export async function leftOutOfDefinitions(options: RestoreDefinitionsOptions): Promise<string[]> {
  return (await readDefinitions(options)).notes;
}

async function readDefinitions(options: RestoreDefinitionsOptions) {
  const { session } = options;
  const { sql, list } = await restoreScript({ ...options, args: ["--section=pre-data", "--verbose"] });
  const isOlder = session.serverMajor < NOT_NULL_CONSTRAINTS_SINCE;
  const { settings, entries } = readEntries(isOlder ? (forOlderServer(sql) ?? sql) : sql, list);
  return { settings, ...(await withoutUnknownOptions(session, entries)) };
}
