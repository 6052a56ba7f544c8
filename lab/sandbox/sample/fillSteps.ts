/** One table's part of a fill: `sql` writes the rows with the numbers $1 to $2. */
export interface FillStep {
  table: string;
  rows: number;
  sql: string;
}

/** Helpers of the filling session: a hash for the n-th value of a kind, and sentences to choose from. */
export function helpersSql(seed: number): string {
  return `
create function pg_temp.h(n bigint, kind integer) returns bigint language sql immutable
  as $$ select hashint8extended(n, ${seed}::bigint * 1000003 + kind) & 9223372036854775807 $$;
create function pg_temp.pick(choices text[], h bigint) returns text language sql immutable
  as $$ select choices[1 + h % cardinality(choices)] $$;
create function pg_temp.sentence(h bigint) returns text language sql immutable as $$ select (array[
  '主演俳優を募集します。経験は問いません。', 'We are casting a short film in Shibuya, shot over three days.',
  '撮影は来月の第二週、横浜のスタジオで行います。', 'Send a portrait and two minutes of your voice.', 'ギャラは応相談、交通費支給。',
  'The lead is between twenty and thirty and speaks with a Kansai accent.', '学生の方も大歓迎です！🎬', 'Rehearsals begin on Monday evenings.',
  'エキストラ50名、女性・男性・子ども。', 'No agency fees; we pay within fourteen days.', '台本は合格後にお送りします。', 'Night shoots are possible.',
  'ダンス経験者は優遇します。', 'The play opens in spring and tours four cities.', 'ナレーション録音、半日の仕事です。', 'Stunt work is done by doubles.',
  'お気軽にご応募ください。', 'Wardrobe is provided, shoes are not.', '未成年の方は保護者の同意が必要です。', 'A second call follows by video.'
])[1 + h % 20] $$;
create function pg_temp.demo_user(n bigint) returns uuid language sql immutable as $$ select md5('demo-user:' || n)::uuid $$;
-- The last moment at which anything has happened. Fixed: the same rows, whenever they are written.
create function pg_temp.latest() returns timestamptz language sql immutable as $$ select timestamptz '2025-01-01 00:00:00+00' $$;
-- Fixed salts, for the same reason; cost 4 because nothing is kept secret here.
create temporary table demo_passwords on commit drop as
  select k, extensions.crypt('demo-password-' || k, '$2a$04$' || left(md5('salt' || k), 22)) as hash from generate_series(1, 10) k;
`;
}

/**
 * SQL for so many sentences of the row n. As text, because a function with an aggregate is not inlined and would double the fill's time.
 */
function paragraph(sentences: string): string {
  return `(select string_agg(pg_temp.sentence(pg_temp.h(n * 64 + g, 1)), E'\\n' order by g) || ' ' || to_hex(pg_temp.h(n, 11)) from generate_series(1, ${sentences}) g)`;
}

/** Each object takes a request or two to several services in each backup, so more would only be slow. */
const MOST_OBJECTS = 300;
/** In bytes; projectContent.ts brings the bytes themselves. */
const LARGEST_OBJECT = 4_000;

/** Number of users in a sample with so many posts. */
function usersFor(posts: number): number {
  return Math.max(10, Math.round(posts / 4));
}

/** The steps of a fill of so many posts, in the order of the foreign keys. */
export function fillSteps(posts: number): FillStep[] {
  const users = usersFor(posts);
  return [
    {
      table: "auth.users",
      rows: users,
      // The trigger on this table writes public.users.
      sql: `insert into auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, last_sign_in_at,
          confirmation_token, recovery_token, email_change_token_new, email_change, raw_app_meta_data, raw_user_meta_data, created_at, updated_at, deleted_at)
        select '00000000-0000-0000-0000-000000000000', pg_temp.demo_user(n), 'authenticated', 'authenticated', 'demo' || n || '@castchat.example', hash,
          t, case when n % 5 > 0 then t + interval '30 days' end, '', '', '', '', '{"provider": "email", "providers": ["email"]}',
          jsonb_build_object('handle', 'demo_' || n, 'display_name', pg_temp.pick('{花子,太郎,"Zoë O''Hara",𠮷田 🎭,Nguyễn,Müller}', x) || ' ' || n,
            'bio', case when n % 3 > 0 then ${paragraph("1 + x % 3")} end, 'locale', pg_temp.pick('{ja,en,ko,vi}', x),
            'skills', jsonb_build_array(pg_temp.pick('{歌,ダンス,殺陣}', x), pg_temp.pick('{voice,stunts,"left, handed"}', x / 7)),
            'preferences', jsonb_build_object('mail', x % 2 = 0, 'theme', pg_temp.pick('{dark,light,null}', x), '通知', jsonb_build_array(n % 9, null))),
          t, t, case when n % 97 = 0 then pg_temp.latest() - interval '20 days' end
        from generate_series($1::bigint, $2) n join demo_passwords on k = 1 + (n - 1) % 10,
          lateral (select pg_temp.h(n, 2) as x, pg_temp.latest() - interval '500 days' + n * interval '400 days' / ${users} as t) as _
        order by n`,
    },
    {
      table: "auth.identities",
      rows: users,
      sql: `insert into auth.identities (id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
        select md5('identity:' || id)::uuid, id::text, id, jsonb_build_object('sub', id, 'email', email, 'email_verified', true), 'email',
          last_sign_in_at, created_at, updated_at
        from generate_series($1::bigint, $2) n join auth.users on id = pg_temp.demo_user(n)`,
    },
    {
      table: "public.posts",
      rows: posts,
      sql: `insert into public.posts (id, author_id, title, body, status, tags, details, pay, embedding, audition_period, closed_at, created_at, updated_at)
        overriding system value
        select n, pg_temp.demo_user(1 + x % ${users}),
          pg_temp.pick('{主演募集,Extras wanted,ナレーター募集 🎙,"Lead \\"A\\"",舞台キャスト,Stunt double}', x / 3) || ' #' || n,
          ${paragraph("6 + x % 12")}, s, array[pg_temp.pick('{映画,stage,cm,声優}', x / 5), pg_temp.pick('{paid,学生,"a,b",NULL}', x / 11)],
          jsonb_build_object('city', pg_temp.pick('{東京,大阪,Sapporo,那覇}', x / 13), 'places', x % 50, 'contact', jsonb_build_object('line', null, 'slots', jsonb_build_array(x % 24, '夜'))),
          case when n % 4 > 0 then row(x % 50000, case when n % 3 > 0 then x % 50000 + 20000.50 end, 'JPY')::public.pay_range end,
          array(select case when n % 50 = 0 and g = 3 then 'NaN' when n % 70 = 0 and g = 5 then '-Infinity'
            else (pg_temp.h(n * 16 + g, 3) % 2000001 - 1000000) / 1e6::double precision end from generate_series(1, 12) g order by g),
          case n % 10 when 0 then null when 1 then tstzrange(t, 'infinity') when 2 then tstzrange(null, t) when 3 then 'empty'
            else tstzrange(t + interval '7 days', t + interval '9 days', '[]') end,
          case when s in ('closed', 'archived') then least(t + interval '30 days', pg_temp.latest()) end, t, t
        from generate_series($1::bigint, $2) n,
          lateral (select pg_temp.h(n, 4) as x, pg_temp.latest() - (${posts} - n) * interval '450 days' / ${posts} as t) as _,
          lateral (select (case when x % 20 < 14 then 'published' when x % 20 < 16 then 'draft' when x % 20 < 19 then 'closed' else 'archived' end)::public.post_status as s) as __
        order by n`,
    },
    {
      table: "public.applications",
      rows: posts * 3,
      // Three for each post: 0, 3 and 6 differ modulo any possible number of users (10 or more).
      sql: `insert into public.applications (id, post_id, applicant_id, status, cover_letter, answers, rating, score, applied_at, decided_at)
        select n, p, pg_temp.demo_user(1 + (p * 7 + (n % 3) * 3) % ${users}),
          (enum_range(null::public.application_status))[1 + x % 5], case when n % 40 = 0 then '' else ${paragraph("1 + x % 3")} end,
          case when n % 6 > 0 then jsonb_build_object('身長', 150 + x % 40, 'available', array[x % 7, null]) end, case when n % 4 = 0 then 1 + x % 5 end,
          case n % 30 when 0 then 'NaN' when 1 then 'Infinity' when 2 then null else (x % 100000) / 997.0::double precision end,
          t, case when x % 5 > 1 then least(t + interval '3 days 01:02:03.456789', pg_temp.latest()) end
        from generate_series($1::bigint, $2) n,
          lateral (select 1 + (n - 1) / 3 as p, pg_temp.h(n, 5) as x, pg_temp.latest() - (${posts * 3} - n) * interval '440 days' / ${posts * 3} as t) as _
        order by n`,
    },
    {
      table: "public.messages",
      rows: posts * 2,
      sql: `insert into public.messages (id, sender_id, recipient_id, reply_to, body, sent_at, read_after)
        select n, pg_temp.demo_user(1 + x % ${users}), case when n % 20 > 0 then pg_temp.demo_user(1 + x / 3 % ${users}) end,
          case when n % 3 = 0 then n - 1 end, ${paragraph("1 + x % 2")},
          pg_temp.latest() - (${posts * 2} - n) * interval '300 days' / ${posts * 2}, case when n % 2 = 0 then interval '1 day' * (x % 9) + interval '00:00:01.5' end
        from generate_series($1::bigint, $2) n, lateral (select pg_temp.h(n, 6) as x) as _ order by n`,
    },
    {
      table: "public.logs",
      rows: posts * 3,
      sql: `insert into public.logs (id, level, message, context, logged_at)
        select n, pg_temp.pick('{info,info,info,info,info,info,info,error,error,debug,fatal}', x), pg_temp.sentence(x),
          case when n % 4 > 0 then jsonb_build_object('path', '/posts/' || x % ${posts}, 'ms', x % 5000) end,
          pg_temp.latest() - (${posts * 3} - n) * interval '70 days' / ${posts * 3}
        from generate_series($1::bigint, $2) n, lateral (select pg_temp.h(n, 7) as x) as _ order by n`,
    },
    {
      table: "public.attachments",
      rows: Math.max(2, Math.round(posts / 40)),
      sql: `insert into public.attachments (id, post_id, file_name, content)
        select md5('attachment:' || n)::uuid, 1 + x % ${posts}, pg_temp.pick('{写真.jpg,voice.wav,"résumé \\"final\\".pdf"}', x) || n,
          (select string_agg(sha256(int8send(pg_temp.h(n * 4096 + g, 9))), ''::bytea order by g) from generate_series(1, 100 + x % 300) g)
        from generate_series($1::bigint, $2) n, lateral (select pg_temp.h(n, 8) as x) as _`,
    },
    {
      table: "storage.objects",
      rows: Math.min(MOST_OBJECTS, Math.max(4, Math.round(posts / 10))),
      sql: `insert into storage.objects (id, bucket_id, name, owner, owner_id, created_at, updated_at, last_accessed_at, metadata, version)
        select md5('object:' || n)::uuid, pg_temp.pick('{avatars,attachments}', n), u || '/' || pg_temp.pick('{顔写真,file}', x) || n || '.jpg', u, u::text,
          t, t, t + interval '1 day', jsonb_build_object('size', x % ${LARGEST_OBJECT}, 'mimetype', 'image/jpeg', 'eTag', '"' || md5(n::text) || '"'), md5('version:' || n)
        from generate_series($1::bigint, $2) n,
          lateral (select pg_temp.h(n, 10) as x, pg_temp.demo_user(1 + n % ${users}) as u, pg_temp.latest() - interval '2 days' - n * interval '1 second' as t) as _`,
    },
  ];
}
