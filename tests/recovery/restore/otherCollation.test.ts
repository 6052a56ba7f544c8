import { expect, it } from "@jest/globals";

import { restore } from "../../../recovery/restore/recipes/restore.ts";
import { UserError } from "../../../services/common/errors.ts";
import { expectRefusal } from "../../support/refusal.ts";
import { forSuite } from "../../support/suite.ts";
import { startTargetServer } from "../../support/targetServer.ts";
import { startTestCloud } from "../support/cloud.ts";
import { runSql } from "../support/sample.ts";
import { newSite } from "../support/source.ts";

const cloud = forSuite(startTestCloud);
const server = forSuite(startTargetServer);

it("a partition by text that another default collation refuses is named, with the reason and the way out", async () => {
  const [source, target, site] = [await server.newDatabase(), await server.newDatabase(), await newSite(cloud)];
  // By code points "B" comes before "a"; in English it does not.
  await runSql(
    source.url,
    "create table public.r (t text) partition by range (t); create table public.rp1 partition of public.r for values from ('B') to ('a')",
  );
  await site.backUp(source.url);
  const name = new URL(target.url).pathname.slice(1);
  await server.asSuperuser(
    `update pg_database set datlocprovider = 'i', datlocale = 'en-US', datcollversion = null where datname = '${name}'`,
  );
  const warned: string[] = [];
  const warn = (sentence: string) => void warned.push(sentence);
  await expectRefusal(
    restore({ ...site.common, targetUrl: target.url, generation: 1, warn }),
    UserError,
    /^The target database .* refuses a partition of the backup: empty range bound specified for partition "rp1" \(TABLE ATTACH public rp1 postgres\)\. Its bounds depend on the order of text\. If the restore has noted another default collation/,
  );
  expect(warned).toEqual([
    expect.stringMatching(/^The source's default collation is C\.UTF-8 .* this database's is en-US \(icu\)/),
  ]);
}, 60_000);
