import { UserError } from "../../../services/common/errors.ts";
import { inTransaction } from "./connection.ts";

/** Rows written after a backup, which a recovery from it loses. */
export interface RowsWritten {
  users: number;
  posts: number;
  applications: number;
}

/**
 * Writes `count` posts, one application to each, and a quarter as many new users, as the app would: through the tables' triggers and
 * sequences. The posts are dated from `at`, a millisecond apart. Can be called again.
 * @throws UserError if `count` is not a positive whole number, or the database holds no users yet
 */
export async function writeMoreRows(url: string, options: { count: number; at: Date }): Promise<RowsWritten> {
  const { count, at } = options;
  if (!Number.isSafeInteger(count) || count < 1)
    throw new UserError(`The number of rows to write must be a whole number from 1, not ${count}.`);
  const users = Math.ceil(count / 4);
  return inTransaction(url, async (client) => {
    const before = await client.query<{ users: string; last: string }>(
      "select (select count(*) from auth.users) as users, (select coalesce(max(id), 0) from public.posts) as last",
    );
    const { users: known = "0", last = "0" } = before.rows[0] ?? {};
    if (Number(known) === 0) throw new UserError("The database holds no users yet. Fill it first.");
    await client.query(
      `insert into auth.users (instance_id, id, aud, role, email, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
       select '00000000-0000-0000-0000-000000000000', md5('late-user:' || n)::uuid, 'authenticated', 'authenticated',
         'late' || n || '@castchat.example', '{}', jsonb_build_object('handle', 'late_' || n, 'display_name', '遅刻 ' || n), $3::timestamptz, $3::timestamptz
       from generate_series($1::bigint + 1, $1::bigint + $2::bigint) n`,
      [known, users, at],
    );
    await client.query(
      `insert into public.posts (author_id, title, body, created_at, updated_at)
       select md5('late-user:' || $4::bigint + 1 + n % $3::bigint)::uuid, 'After the backup #' || $1::bigint + n, E'Written late.\n遅れて書きました。', t, t
       from generate_series(1, $2::bigint) n, lateral (select $5::timestamptz + n * interval '1 millisecond' as t) as _ order by n`,
      [last, count, users, known, at],
    );
    await client.query(
      `insert into public.applications (post_id, applicant_id, cover_letter, applied_at)
       select p.id, (select u.id from public.users u where u.id <> p.author_id order by u.id limit 1), 'よろしくお願いします 🙏', p.created_at
       from public.posts p where p.id > $1::bigint order by p.id`,
      [last],
    );
    return { users, posts: count, applications: count };
  });
}
