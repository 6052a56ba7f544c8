import { withSession } from "../../clients/database.ts";
import { forStandIn } from "../database/standIn.ts";
import { journaledScript } from "./journal.ts";
import type { Selection } from "./restoreSelection.ts";
import { restoreScript, withoutPsql } from "./pgRestore.ts";
import type { PgRestoreOptions } from "./pgRestore.ts";

/** Where rights are granted. */
export interface RestoreRightsOptions extends Omit<PgRestoreOptions, "args" | "onlyRights"> {
  targetUrl: string;
  restoreId: string;
  selection: Selection;
  /** The step's name in the journal. */
  step: string;
}

/**
 * Grants and revokes what the archive says, after the rows: an owner may have taken rights from itself. What another role than
 * the owner has granted is granted by that role again, as a member of it: pg_restore would become it by
 * SET SESSION AUTHORIZATION, which is for superusers alone.
 */
export async function restoreRights(options: RestoreRightsOptions): Promise<void> {
  const { targetUrl, restoreId, applicationName, step, signal } = options;
  const sql = await rightsScript(options, options.selection === "everything");
  await withSession(targetUrl, { applicationName, signal }, (session) =>
    journaledScript(session, restoreId, step, sql),
  );
}

/** The same as SQL, for a transaction of the caller's. */
export async function rightsScript(
  options: Omit<PgRestoreOptions, "args" | "onlyRights">,
  withLargeObjects = true,
): Promise<string> {
  const { sql } = await restoreScript({ ...options, args: [], onlyRights: { withLargeObjects } });
  return byMembership(forStandIn(options.session, sql));
}

/**
 * The archive's script with roles that are set in place of sessions that are made another's, and without its timeouts: they would
 * outlive the script in the session that runs it, and end no wait for a lock.
 */
function byMembership(sql: string): string {
  return withoutPsql(sql)
    .replaceAll(/^SET (?:statement|lock|idle_in_transaction_session|transaction)_timeout = 0;\n/gm, "")
    .replaceAll(/^SET SESSION AUTHORIZATION (.+);$/gm, "SET ROLE $1;")
    .replaceAll(/^RESET SESSION AUTHORIZATION;$/gm, "RESET ROLE;");
}
