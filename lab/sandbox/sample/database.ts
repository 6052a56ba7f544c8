import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import type pg from "pg";

import { UserError } from "../../../services/common/errors.ts";
import { majorOf } from "../postgres/client.ts";
import { inTransaction, withConnection } from "./connection.ts";
import { fillSteps, helpersSql } from "./fillSteps.ts";

/** Rows that are sent to the server at once: enough to be fast, few enough to show progress and to stop quickly. */
const CHUNK = 2_500;

/** The progress of a fill. */
export interface FillProgress {
  table: string;
  /** Rows written so far, over all tables, and the total. */
  done: number;
  total: number;
}

/** The options of a fill. */
export interface FillOptions {
  /** Number of posts; the number of other rows follows from it. */
  rows: number;
  /** Another seed gives other content of the same form. Default 1. */
  seed?: number;
  onProgress?: (progress: FillProgress) => void;
  /** Stops the fill between two steps, without a trace. */
  signal?: AbortSignal;
}

/** How much of the sample a database has: nothing, its empty tables, or rows. UserError if the database can't be reached. */
export async function sampleIn(url: string): Promise<"nothing" | "schema" | "rows"> {
  return withConnection(url, sampleOf);
}

/**
 * Creates CastChat's tables, functions, policies and rights in a new Supabase project, as the role `postgres`. All or nothing.
 * @throws UserError if the database can't be reached; the server's own error if the schema already exists
 */
export async function applySchema(url: string): Promise<void> {
  const scripts = await Promise.all(["schema.sql", "behaviour.sql", "managed.sql"].map(script));
  await inTransaction(url, async (client) => {
    for (const sql of scripts) await client.query(sql);
  });
}

/**
 * Fills the sample's tables, in one transaction. Deterministic: the same rows and seed give the same content at any time, whatever the
 * database's history. Every size contains every awkward value. Returns the rows written.
 * @throws UserError if `rows` is not a positive whole number, the schema is missing, or the tables hold data
 */
export async function fill(url: string, options: FillOptions): Promise<number> {
  const { rows, seed = 1, onProgress, signal } = options;
  if (!Number.isSafeInteger(rows) || rows < 1)
    throw new UserError(`The size of the sample must be a whole number of posts from 1, not ${rows}.`);
  if (!Number.isSafeInteger(seed)) throw new UserError(`The seed of the sample must be a whole number, not ${seed}.`);
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
    // Only the app's own tables: `postgres` may not analyse others.
    for (const schema of ["public", "private"]) await analyse(client, schema);
  });
  return done;
}

/** An aborted fill leaves its sequences advanced, because they are not transactional. Sequences that nothing else sets are restarted. */
const PREPARE = `
alter sequence public.application_history_id_seq restart;
alter sequence public."Casting 募集_ID_seq" restart;
insert into storage.buckets (id, name, public, created_at, updated_at, allowed_mime_types) values
  ('avatars', 'avatars', true, pg_temp.latest(), pg_temp.latest(), '{image/jpeg,image/png}'),
  ('attachments', 'attachments', false, pg_temp.latest(), pg_temp.latest(), null);
`;

async function refuseData(client: pg.Client): Promise<void> {
  const found = await sampleOf(client);
  if (found === "nothing") throw new UserError("The database has no sample schema. Apply it before the fill.");
  if (found === "rows") throw new UserError("The database already holds data. Fill a new one.");
}

async function sampleOf(client: pg.Client): Promise<"nothing" | "schema" | "rows"> {
  const found = await client.query<{ table: string | null }>("select to_regclass('public.posts')::text as table");
  if (found.rows[0]?.table === null) return "nothing";
  const data = await client.query<{ there: boolean }>(
    "select exists (select from auth.users) or exists (select from public.posts) or exists (select from public.awkward_values) as there",
  );
  return data.rows[0]?.there === true ? "rows" : "schema";
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

/** The first major version with infinite intervals. */
const INFINITE_INTERVALS_SINCE = 17;

function withFiniteIntervals(script: string): string {
  return script
    .replace("'infinity', 'infinity', '[-infinity,infinity]'", "'infinity', null, '[-infinity,infinity]'")
    .replace("'-infinity', '-infinity', '(,)'", "'-infinity', null, '(,)'");
}
