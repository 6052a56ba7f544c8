import { UserError } from "../../../services/common/errors.ts";
import { inOrderOfNeed } from "../../postgres/catalog/extensionOrder.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteLiteral } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";

/** Creates the missing extensions. Returns a sentence for each whose version is not the backup's. UserError if the server lacks one. */
export async function restoreExtensions(session: Session, manifest: Manifest): Promise<string[]> {
  const notes: string[] = [];
  for (const { name, version, schema } of await inOrderOfNeed(session, manifest.extensions)) {
    const [there] = await session.query<{ installed: string | null; offered: string | null; same: boolean }>(
      `select (select extversion from pg_catalog.pg_extension where extname = $1) as installed,
         (select default_version from pg_catalog.pg_available_extensions where name = $1) as offered,
         exists (select from pg_catalog.pg_available_extension_versions where name = $1 and version = $2) as same`,
      [name, version],
    );
    let now = there?.installed ?? undefined;
    if (now === undefined) {
      const offered = there?.offered ?? undefined;
      if (offered === undefined) {
        throw new UserError(
          `The target server does not offer the extension "${name}" ${version} that the backup needs. Restore into a server that has it.`,
        );
      }
      now = there?.same === true ? version : offered;
      const inSchema = `create extension ${quoteIdent(name)} with schema ${quoteIdent(schema)} version ${quoteLiteral(now)}`;
      // Some (pg_cron) lie in pg_catalog, for which the server refuses even "create schema if not exists".
      const isThere = await session.query("select from pg_catalog.pg_namespace where nspname = $1", [schema]);
      await session.query(isThere.length > 0 ? inSchema : `create schema ${quoteIdent(schema)}; ${inSchema}`);
    }
    if (now !== version) notes.push(`Extension ${name} is of version ${now} here, ${version} in the backup.`);
  }
  return notes;
}
