import { withClient } from "../../sandbox/postgres/client.ts";

/** The damage to the database, as counted by the server. */
export interface Damage {
  /** Rows altered, by qualified table. */
  altered: Record<string, number>;
  /** The table that was dropped, and how many rows it held. */
  dropped: { table: string; rows: number };
}

/** The table to drop. Nothing refers to it, so dropping it causes no error. */
const DROPPED = "public.application_history";

/** The id of the newest post. */
export async function newestPost(databaseUrl: string): Promise<number> {
  const { rows } = await withClient(databaseUrl, (client) =>
    client.query<{ id: string }>("select max(id) as id from public.posts"),
  );
  return Number(rows[0]?.id);
}

/**
 * Alters rows without a trace in their own columns and drops a table, as a faulty migration or a stray script does. Triggers are off, so
 * `updated_at` doesn't change. Only posts and users up to `lastPost` are altered, because the backup holds those. One altered row is the
 * password of the account `email`. All or nothing.
 */
export async function corrupt(
  databaseUrl: string,
  { email, lastPost }: { email: string; lastPost: number },
): Promise<Damage> {
  return await withClient(databaseUrl, async (client) => {
    await client.query("begin; set local session_replication_role = replica");
    const change = async (sql: string, values: unknown[] = []) => (await client.query(sql, values)).rowCount ?? 0;
    const altered = {
      "public.posts": await change("update public.posts set body = body || ' ☠' where id % 7 = 3 and id <= $1", [
        lastPost,
      ]),
      "public.users": await change(
        "update public.users set display_name = display_name || ' ☠' where id in (select id from public.users where id not in (select author_id from public.posts where id > $1) order by id limit 5)",
        [lastPost],
      ),
      "auth.users": await change(
        "update auth.users set encrypted_password = extensions.crypt('not theirs', extensions.gen_salt('bf', 4)) where email = $1",
        [email],
      ),
    };
    const { rows } = await client.query<{ rows: string }>(`select count(*) as rows from ${DROPPED}`);
    await client.query(`drop table ${DROPPED}`);
    await client.query("commit");
    return { altered, dropped: { table: DROPPED, rows: Number(rows[0]?.rows ?? 0) } };
  });
}

/** The damage in words, for the report. */
export function damageInWords({ altered, dropped }: Damage): string[] {
  return [
    ...Object.entries(altered).map(([table, rows]) => `${rows} rows of ${table} silently altered`),
    `table ${dropped.table} dropped, with ${dropped.rows} rows`,
  ];
}
