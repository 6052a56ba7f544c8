import { hash } from "node:crypto";

import type { ObjectDigests } from "../../postgres/catalog/objects.ts";
import { PLATFORM_OWNERS } from "../../postgres/catalog/platform.ts";
import { PLAYED_ROLE, standInOf } from "../../postgres/catalog/standIn.ts";
import type { Session } from "../../postgres/session/database.ts";
import type { ScriptEntry } from "./archiveScript.ts";
import { topLevelLines } from "./topLevel.ts";

/** What an entry says of its owner. */
export interface Owned {
  /** The role that owned it in the source, and the statement that sets it. Undefined if the archive's entry has no owner of its own. */
  owned: { owner: string; statement: string } | undefined;
}

/**
 * The statement with which pg_restore ends an entry that has an owner, and the comment that ends its script. Source: _printTocEntry in
 * src/bin/pg_dump/pg_backup_archiver.c
 */
const STATEMENT = /^ALTER [A-Z]+ \S[^]* OWNER TO ("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*);\n*(?:--[^\n]*\n*)*$/;
/** What a backup records no owner of, since a role of the app can't own it or it is held back. */
const NOT_OURS =
  /^ALTER (EVENT TRIGGER|FOREIGN DATA WRAPPER|SERVER|PUBLICATION|SUBSCRIPTION|PROCEDURAL LANGUAGE|LANGUAGE|LARGE OBJECT) /;

/** Takes the owner out of an entry of pg_restore's script. */
export function splitOwner<E extends ScriptEntry>(entry: E): E & Owned {
  const { sql } = entry;
  const start = topLevelLines(sql).findLast((at) => sql.startsWith("ALTER ", at)) ?? sql.length;
  const [statement, role] = STATEMENT.exec(sql.slice(start)) ?? [];
  if (statement === undefined || role === undefined) return { ...entry, owned: undefined };
  const owner = role.startsWith('"') ? role.slice(1, -1).replaceAll('""', '"') : role;
  return {
    ...entry,
    sql: sql.slice(0, start),
    owned: NOT_OURS.test(statement) ? undefined : { owner, statement },
  };
}

/**
 * Whether a role owned something in the source, and is neither the role that read the backup nor the platform's. The manifest only has
 * hashes of such roles. A backup of an early version has none, and its owners are set at the end. A stand-in keeps what the role that it
 * plays owns.
 */
export function isOtherOwner(session: Pick<Session, "address">, objects: ObjectDigests): (role: string) => boolean {
  const digests = new Set(
    Object.entries(objects).flatMap(([name, digest]) => (name.startsWith("owner of ") ? [digest] : [])),
  );
  const played = standInOf(session) === undefined ? undefined : PLAYED_ROLE;
  const isPlatform = new RegExp(PLATFORM_OWNERS);
  return (role) => role !== played && !isPlatform.test(role) && digests.has(hash("md5", role));
}
