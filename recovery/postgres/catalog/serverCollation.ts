import { z } from "zod";

import type { Session } from "../session/database.ts";

/** What orders text in a database if a column names no collation. */
export const serverCollationSchema = z.object({
  /** "libc", "icu" or "builtin". */
  provider: z.string(),
  /** LC_COLLATE: the order of text, with libc. */
  collate: z.string(),
  /** LC_CTYPE: what is a letter, and its upper case, with libc. */
  ctype: z.string(),
  /** Of the providers icu and builtin. */
  locale: z.string().optional(),
  /** Of the provider's library, if the server knows it. */
  version: z.string().optional(),
});
export type ServerCollation = z.infer<typeof serverCollationSchema>;

/**
 * The default collation of the connected database. Source: PostgreSQL's manual, pg_database. The locale's column was called daticulocale
 * before version 17.
 */
export async function readServerCollation(session: Session): Promise<ServerCollation> {
  const [row] = await session.query<{ [K in keyof ServerCollation]: string | null }>(
    `select case d.datlocprovider when 'i' then 'icu' when 'b' then 'builtin' else 'libc' end as provider, d.datcollate as collate, d.datctype as ctype,
       coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') as locale, d.datcollversion as version
     from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()`,
  );
  return serverCollationSchema.parse(
    Object.fromEntries(Object.entries(row ?? {}).filter(([, value]) => value !== null)),
  );
}

/** Says what may differ if a database orders text in another way than a backup's source. Empty if it does not, or if that is unknown. */
export async function noteOfCollation(session: Session, source: ServerCollation | undefined): Promise<string[]> {
  if (source === undefined) return [];
  const here = await readServerCollation(session);
  if (alike(source, here)) return [];
  return [
    `The source's default collation is ${inWords(source)}, this database's is ${inWords(here)}. The order of text and its upper and lower case may differ, and with them what depends on them: the result of ORDER BY, materialized views, stored generated columns, and the bounds of partitions by text.`,
  ];
}

function alike(one: ServerCollation, other: ServerCollation): boolean {
  const isUnknown = one.version === undefined || other.version === undefined;
  return meaning(one) === meaning(other) && (isUnknown || one.version === other.version);
}

/** What of it decides. Servers write the same encoding as "UTF-8" and as "utf8". */
function meaning({ provider, collate, ctype, locale = "" }: ServerCollation): string {
  const names = provider === "libc" ? [collate, ctype] : [locale];
  return [provider, ...names.map((name) => name.toLowerCase().replaceAll("-", ""))].join(" ");
}

function inWords({ provider, collate, ctype, locale, version }: ServerCollation): string {
  const name = locale ?? (collate === ctype ? collate : `${collate}, ${ctype}`);
  return `${name} (${provider}${version === undefined ? "" : ` ${version}`})`;
}
