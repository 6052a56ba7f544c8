import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import type pg from "pg";

import { UserError } from "../../../services/common/errors.ts";
import { majorOf } from "../postgres/version.ts";
import { inTransaction, withConnection } from "./connection.ts";
import { fillSteps, helpersSql } from "./fillSteps.ts";

/** So many rows go to the server at once: enough to be fast, few enough that progress shows and a stop is quick. */
const CHUNK = 2_500;

/** How far a fill has come. */
export interface FillProgress {
  table: string;
  /** Rows written so far, over all tables, and rows that there will be. */
  done: number;
  total: number;
}

/** How a database is filled. */
export interface FillOptions {
  /** Posts; the other tables follow from it. */
  rows: number;
  /** Another seed gives other contents of the same shape. Default 1. */
  seed?: number;
  onProgress?: (progress: FillProgress) => void;
  /** Ends the fill between two steps; nothing of it stays. */
  signal?: AbortSignal;
}

/**
 * Creates CastChat's tables, functions, policies and rights in a new Supabase project, as the role `postgres`. All or nothing.
 * @throws UserError where the database can't be reached; the server's own error where the schema exists already.
 */
export async function applySchema(url: string): Promise<void> {
  const scripts = await Promise.all(["schema.sql", "behaviour.sql", "managed.sql"].map(script));
  await inTransaction(url, async (client) => {
    for (const sql of scripts) await client.query(sql);
  });
}

/**
 * Fills the sample's tables, in one transaction. Deterministic: the same rows and seed give the same contents, at any time and
 * with any history of the database. Whatever the size, every awkward value is there. Gives back the rows written.
 * @throws UserError where `rows` is no positive whole number, the schema is missing, or the tables hold data.
 */
export async function fill(url: string, options: FillOptions): Promise<number> {
  const { rows, seed = 1, onProgress, signal } = options;
  if (!Number.isSafeInteger(rows) || rows < 1)
    throw new UserError(`The size of the sample is a whole number of posts from 1 on, not ${rows}.`);
  if (!Number.isSafeInteger(seed)) throw new UserError(`The seed of the sample is a whole number, not ${seed}.`);
  const steps = fillSteps(rows);
  const total = steps.reduce((sum, step) => sum + step.rows, 0);
  const [awkward, finish] = await Promise.all([script("awkward.sql"), script("finish.sql")]);
  let done = 0;
  await inTransaction(url, async (client) => {
    signal?.throwIfAborted();
    await refuseData(client);
    await client.query(helpersSql(seed));
    await client.query(PREPARE);
    for (const step of steps) {
      for (let from = 1; from <= step.rows; from += CHUNK) {
        signal?.throwIfAborted();
        const to = Math.min(from + CHUNK - 1, step.rows);
        await client.query(step.sql, [from, to]);
        done += to - from + 1;
        onProgress?.({ table: step.table, done, total });
      }
    }
    signal?.throwIfAborted();
    await client.query((await majorOf(client)) < INFINITE_INTERVALS_SINCE ? withFiniteIntervals(awkward) : awkward);
    await client.query(finish);
  });
  await withConnection(url, async (client) => {
    // Only what is the app's own: others' tables may not be analysed by `postgres`.
    for (const schema of ["public", "private"]) await analyse(client, schema);
  });
  return done;
}

/** An aborted fill leaves its sequences advanced, since they know no transactions: those that nothing sets later begin anew. */
const PREPARE = `
alter sequence public.application_history_id_seq restart;
alter sequence public."Casting 募集_ID_seq" restart;
insert into storage.buckets (id, name, public, created_at, updated_at, allowed_mime_types) values
  ('avatars', 'avatars', true, pg_temp.latest(), pg_temp.latest(), '{image/jpeg,image/png}'),
  ('attachments', 'attachments', false, pg_temp.latest(), pg_temp.latest(), null);
`;

async function refuseData(client: pg.Client): Promise<void> {
  const found = await client.query<{ table: string | null }>("select to_regclass('public.posts')::text as table");
  if (found.rows[0]?.table === null)
    throw new UserError("The database has no sample schema: apply it before the fill.");
  const data = await client.query<{ there: boolean }>(
    "select exists (select from auth.users) or exists (select from public.posts) or exists (select from public.awkward_values) as there",
  );
  if (data.rows[0]?.there === true) throw new UserError("The database holds data already: fill a new one.");
}

async function analyse(client: pg.Client, schema: string): Promise<void> {
  const tables = await client.query<{ name: string }>(
    "select c.oid::regclass::text as name from pg_class c where relnamespace = $1::regnamespace and relkind in ('r', 'm')",
    [schema],
  );
  if (tables.rows.length > 0) await client.query(`analyze ${tables.rows.map(({ name }) => name).join(", ")}`);
}

function script(name: string): Promise<string> {
  return readFile(fileURLToPath(new URL(`./${name}`, import.meta.url)), "utf8");
}

/** The first major version with intervals that never end. */
const INFINITE_INTERVALS_SINCE = 17;

function withFiniteIntervals(script: string): string {
  return script
    .replace("'infinity', 'infinity', '[-infinity,infinity]'", "'infinity', null, '[-infinity,infinity]'")
    .replace("'-infinity', '-infinity', '(,)'", "'-infinity', null, '(,)'");
}
