import { forStandIn } from "../../postgres/catalog/standIn.ts";
import { withSession } from "../../postgres/session/database.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { readEntries } from "../archive/archiveScript.ts";
import { type PgRestoreOptions, restoreScript, withoutPsql } from "../archive/pgRestore.ts";
import { journaledScript } from "../run/journal.ts";

/** Whose rights, and where they come from. */
export interface RightsOptions extends Omit<PgRestoreOptions, "args" | "onlyRights"> {
  manifest: Pick<Manifest, "appSchemas">;
}

/** Where rights are granted. */
export interface RestoreRightsOptions extends RightsOptions {
  targetUrl: string;
  restoreId: string;
  withLargeObjects: boolean;
  /** The step's name in the journal. */
  step: string;
}

/**
 * Grants and revokes what the archive says of the app's own objects, after the rows: an owner may have taken rights from itself. What
 * another role than the owner has granted is granted by that role again, as a member of it: pg_restore would become it by
 * SET SESSION AUTHORIZATION, which is for superusers alone.
 */
export async function restoreRights(options: RestoreRightsOptions): Promise<void> {
  const { targetUrl, restoreId, applicationName, step, signal } = options;
  const { timing } = options.session;
  const sql = await rightsScript(options, options.withLargeObjects);
  await withSession(targetUrl, { applicationName, signal, timing }, (session) =>
    journaledScript(session, restoreId, step, sql),
  );
}

/** The same as SQL, for a transaction of the caller's. */
export async function rightsScript(options: RightsOptions, withLargeObjects = true): Promise<string> {
  const { appSchemas } = options.manifest;
  const { sql } = await restoreScript({
    ...options,
    args: [],
    onlyRights: { of: "app", appSchemas, withLargeObjects },
  });
  return byMembership(forStandIn(options.session, sql));
}

/**
 * What the archive grants and revokes on objects that are not the app's own, an SQL text for each; nothing where the manifest says which rights
 * the source had.
 */
export async function archivedPlatformRights(
  options: RightsOptions & { manifest: Pick<Manifest, "platformRights"> },
): Promise<string[]> {
  const { appSchemas, platformRights } = options.manifest;
  if (platformRights !== undefined) return [];
  const onlyRights = { of: "platform", appSchemas, withLargeObjects: false } as const;
  const { sql, list } = await restoreScript({ ...options, args: ["--verbose"], onlyRights });
  return readEntries(sql, list).entries.map((entry) => forStandIn(options.session, entry));
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
