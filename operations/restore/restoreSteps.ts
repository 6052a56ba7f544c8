import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { withSession } from "../../clients/database.ts";
import type { Session } from "../../clients/database.ts";
import { UserError } from "../../clients/errors.ts";
import { runPgTool, startPgTool } from "../../clients/pgTools.ts";
import type { RunningPgTool } from "../../clients/pgTools.ts";
import { chooseEntries, chooseRights, readTargetFacts } from "./archiveEntries.ts";
import type { BackupSource } from "../vault/backupSource.ts";
import { decompress } from "../vault/compression.ts";
import { partOf } from "../vault/manifest.ts";
import type { Manifest, PartName } from "../vault/manifest.ts";
import { inOrderOfNeed } from "../database/extensionOrder.ts";
import { IS_APP_SCHEMA } from "../database/platform.ts";
import { withoutNewSettings } from "./olderSyntax.ts";
import { openPrivateFile } from "./privateFile.ts";
import type { PrivateFile } from "./privateFile.ts";
import { quoteIdent, quoteLiteral } from "../database/quote.ts";
import { readPart, readPlain } from "../vault/readPart.ts";

/**
 * Brings a dump into a private file, decompressed. Nothing is unpacked before all of it has passed its SHA-256: what lies in its place may
 * unpack to more than any disk holds, and the disk would be blamed.
 */
export async function fetchDump(source: BackupSource, name: PartName, signal: AbortSignal): Promise<PrivateFile> {
  const packed = await openPrivateFile();
  try {
    const content = await readPart(source, partOf(source.manifest, name), signal);
    await pipeline(content, (pieces) => packed.handle.writeFile(pieces), { signal });
    const packedContent = packed.handle.createReadStream({ start: 0, autoClose: false });
    return await unpacked(packedContent, signal);
  } finally {
    await packed.remove();
  }
}

async function unpacked(packed: Readable, signal: AbortSignal): Promise<PrivateFile> {
  const file = await openPrivateFile();
  try {
    await pipeline(packed, decompress(), (plain) => file.handle.writeFile(plain), { signal });
    return file;
  } catch (error) {
    await file.remove();
    throw error;
  }
}

/** A small part as text, checked. */
export async function fetchText(source: BackupSource, name: PartName, signal: AbortSignal): Promise<string> {
  return (await readPlain(source, partOf(source.manifest, name), signal)).toString("utf8");
}

/** What is asked of pg_restore, which writes SQL: it never connects by itself, since a pooler passes none of its settings on. */
export interface PgRestoreOptions {
  session: Session;
  applicationName: string;
  dump: PrivateFile;
  args: readonly string[];
  /** Not what the archive defines but who may do what with it. */
  onlyRights?: { withLargeObjects: boolean };
  signal: AbortSignal;
}

/** What pg_restore would run, as SQL, and the list of the entries that it was made of. */
export async function restoreScript(options: PgRestoreOptions): Promise<{ sql: string; list: string }> {
  return await writingSql(options, async (tool, list) => {
    const chunks: Buffer[] = [];
    for await (const chunk of tool.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
    await tool.done;
    return { sql: withoutNewSettings(Buffer.concat(chunks).toString("utf8"), options.session.serverMajor), list };
  });
}

/** So much SQL is sent at once. */
const BATCH_CHARACTERS = 1_000_000;
/** Between two pieces of a large object; nothing else of an archive without rows is long. */
const BETWEEN_PIECES = "');\nSELECT pg_catalog.lowrite(0, '";

/** Brings the archive's large objects, which may be of any size: a piece is sent before the next one is read. */
export async function restoreLargeObjects(options: LargeObjectsOptions): Promise<void> {
  const { session, targetUrl, applicationName, signal } = options;
  const sectioned = { ...options, args: ["--section=data"] };
  await withSession(targetUrl, { applicationName, signal, lockTimeoutMs: 0 }, async (own) => {
    await own.query("set synchronous_commit = off");
    await writingSql(sectioned, async (tool) => {
      let waiting = "";
      let clean = (head: string) => withoutNewSettings(withoutPsql(head), session.serverMajor);
      const send = async (sql: string) => {
        await own.query(clean(sql));
        clean = (rest) => rest;
      };
      tool.stdout.setEncoding("utf8");
      for await (const text of tool.stdout as AsyncIterable<string>) {
        waiting += text;
        const end = waiting.length < BATCH_CHARACTERS ? -1 : waiting.lastIndexOf(BETWEEN_PIECES);
        if (end === -1) continue;
        const cut = end + BETWEEN_PIECES.indexOf("\n") + 1;
        await send(waiting.slice(0, cut));
        waiting = waiting.slice(cut);
      }
      await tool.done;
      await send(waiting.replace(/^\\unrestrict \S+\n*(?![^])/m, ""));
    });
  });
}

/** Where large objects are brought. */
export interface LargeObjectsOptions extends Omit<PgRestoreOptions, "args" | "onlyRights"> {
  targetUrl: string;
}

/**
 * Such a script without the two commands to psql that it is framed by. Only those two: a comment or a function may hold a line
 * that looks like one.
 */
export function withoutPsql(sql: string): string {
  const word = /^\\restrict (\S+)$/m.exec(sql)?.[1];
  return word === undefined ? sql : sql.replaceAll(new RegExp(`^\\\\(?:un)?restrict ${word}$`, "gm"), "");
}

/** Does work with what pg_restore writes of the entries that the target can take, and with their list. */
async function writingSql<T>(
  options: PgRestoreOptions,
  work: (tool: RunningPgTool, list: string) => Promise<T>,
): Promise<T> {
  const { session, applicationName, dump, signal } = options;
  const all = await listingOf(options);
  const { onlyRights } = options;
  const list =
    onlyRights === undefined
      ? chooseEntries(all, await readTargetFacts(session))
      : chooseRights(all, onlyRights.withLargeObjects);
  const chosen = await openPrivateFile();
  try {
    await chosen.handle.writeFile(list);
    const tool = startPgTool("pg_restore", {
      args: [
        // The restoring role owns all that it makes; owners other than it are set afterwards, from the backup's own list.
        "--no-owner",
        "--no-tablespaces",
        "--file=-",
        `--use-list=${chosen.pathFor(4)}`,
        ...options.args,
        dump.pathFor(3),
      ],
      files: [dump.handle.fd, chosen.handle.fd],
      applicationName,
      signal,
    });
    tool.stdin.end();
    try {
      return await work(tool, list);
    } finally {
      tool.kill();
    }
  } finally {
    await chosen.remove();
  }
}

const listings = new WeakMap<PrivateFile, Promise<string>>();

/** Every entry of an archive, as pg_restore lists them; it is asked once for each. */
async function listingOf({ dump, applicationName, signal }: PgRestoreOptions): Promise<string> {
  const known = listings.get(dump);
  if (known !== undefined) return await known;
  const args = ["--list", dump.pathFor(3)];
  const listing = runPgTool("pg_restore", { args, files: [dump.handle.fd], applicationName, signal });
  listings.set(dump, listing);
  return await listing;
}

/** Makes the extensions that are missing. Returns a sentence for each whose version is not the backup's. */
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
          `The target server does not offer the extension "${name}" ${version} that the backup needs: restore into a server that has it.`,
        );
      }
      now = there?.same === true ? version : offered;
      const inSchema = `create extension ${quoteIdent(name)} with schema ${quoteIdent(schema)} version ${quoteLiteral(now)}`;
      // Some (pg_cron) lie in pg_catalog, of which the server refuses even "create if not exists".
      const isThere = await session.query("select from pg_catalog.pg_namespace where nspname = $1", [schema]);
      await session.query(isThere.length > 0 ? inSchema : `create schema ${quoteIdent(schema)}; ${inSchema}`);
    }
    if (now !== version) notes.push(`Extension ${name} is of version ${now} here, ${version} in the backup.`);
  }
  return notes;
}

/** What default privileges are on, as ALTER DEFAULT PRIVILEGES calls it; of `pg_default_acl d`. */
const KIND_OF_DEFAULT = `case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
  when 'T' then 'types' when 'n' then 'schemas' else 'large objects' end`;

/**
 * Takes back what the target would grant by itself: its default privileges give `anon` rights that the source never
 * granted, and its schema public may be open to more roles. The backup then brings the source's own.
 *
 * Those of a schema only add to what Postgres grants anyway; those of no schema stand in its place, so taken back alone they
 * would leave even the owner without a right. They are set to what Postgres grants, and are then as if never altered.
 */
export async function revokeDefaults(session: Session): Promise<void> {
  const builtIn = await session.query<{ command: string }>(
    `select distinct format('alter default privileges for role %I grant %s on %s to %s', pg_catalog.pg_get_userbyid(d.defaclrole),
         a.privilege_type, ${KIND_OF_DEFAULT}, coalesce(quote_ident(r.rolname), 'public')) as command
       from pg_catalog.pg_default_acl d
       cross join pg_catalog.aclexplode(pg_catalog.acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole)) a
       left join pg_catalog.pg_roles r on r.oid = a.grantee
       where d.defaclrole = (select oid from pg_catalog.pg_roles where rolname = current_user) and d.defaclnamespace = 0`,
  );
  const commands = await session.query<{ command: string }>(
    `select distinct format('alter default privileges for role %I %s revoke all on %s from %s', pg_catalog.pg_get_userbyid(d.defaclrole),
         case when n.oid is null then '' else format('in schema %I', n.nspname) end,
         ${KIND_OF_DEFAULT},
         coalesce(quote_ident(r.rolname), 'public')) as command
       from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
       cross join pg_catalog.aclexplode(d.defaclacl) a left join pg_catalog.pg_roles r on r.oid = a.grantee
       where d.defaclrole = (select oid from pg_catalog.pg_roles where rolname = current_user) and (n.oid is null or ${IS_APP_SCHEMA})
     union all
     select distinct format('revoke all on schema %I from %I', n.nspname, r.rolname)
       from pg_catalog.pg_namespace n cross join pg_catalog.aclexplode(n.nspacl) a join pg_catalog.pg_roles r on r.oid = a.grantee
       where ${IS_APP_SCHEMA} and a.grantee <> n.nspowner`,
  );
  const all = [...commands, ...builtIn];
  if (all.length > 0) await session.query(all.map((row) => row.command).join(";\n"));
}

/** Without statistics the first queries of the app would be planned blindly, until the server gets round to it by itself. */
export async function analyseTables(session: Session, manifest: Manifest): Promise<undefined> {
  const own = manifest.tables.filter((table) => table.kind === "app");
  if (own.length > 0)
    await session.query(
      `analyze ${own.map((table) => `${quoteIdent(table.schema)}.${quoteIdent(table.name)}`).join(", ")}`,
    );
  return undefined;
}
