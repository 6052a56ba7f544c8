import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { corrupt, newestPost } from "../../../../lab/drills/corruption/damage.ts";
import { applySchema, fill } from "../../../../lab/sandbox/sample/database.ts";
import { demoUser } from "../../../../lab/sandbox/sample/demoUser.ts";
import { writeMoreRows } from "../../../../lab/sandbox/sample/moreRows.ts";
import { runSql } from "../../../recovery/support/sample.ts";
import { startTestDatabase, type TestDatabase } from "../../../support/postgres.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase();
  await applySchema(database.url);
  await fill(database.url, { rows: 100 });
}, 60_000);
afterAll(() => database.stop());

describe("corrupt", () => {
  it("alters only rows that are in a backup taken before the late ones", async () => {
    const lastPost = await newestPost(database.url);
    await writeMoreRows(database.url, { count: 20, at: new Date("2026-11-30T00:00:00Z") });
    const { altered } = await corrupt(database.url, { email: demoUser(1).email, lastPost });
    const found = await runSql<{ handle: string }>(
      database.superuserUrl,
      "select handle from public.users where display_name like '%☠'",
    );
    expect(found).toHaveLength(altered["public.users"]!);
    expect(found.filter(({ handle }) => handle.startsWith("late_"))).toEqual([]);
  });
});
