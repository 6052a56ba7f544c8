import { readFileSync } from "node:fs";

import type { TestDatabase } from "../../support/postgres.ts";

const AWKWARD = readFileSync(new URL("awkward.sql", import.meta.url), "utf8");

/** Fills a database with definitions that are awkward to restore. */
export async function makeAwkward({ query }: TestDatabase): Promise<void> {
  await query("create extension btree_gist with schema extensions");
  await query(AWKWARD);
  await query("refresh materialized view public.a_over_m");
}
