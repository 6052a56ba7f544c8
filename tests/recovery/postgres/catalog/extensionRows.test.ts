import { beforeAll, describe, expect, it } from "@jest/globals";

import { listLeftOutOfExtensions } from "../../../../recovery/postgres/catalog/extensionRows.ts";
import { checkRestored } from "../../../../recovery/restore/steps/restoreChecks.ts";
import type { Manifest } from "../../../../recovery/vault/manifest.ts";
import { forSuite } from "../../../support/suite.ts";
import { startRoundTrip } from "../../support/backingUp.ts";

const started = forSuite(startRoundTrip);
let manifest: Manifest;
beforeAll(async () => {
  await started.database.query(
    `create schema "Maps 地図"; create extension castchat_places with schema "Maps 地図"; create extension pg_cron;
     select cron.schedule('nightly', '0 3 * * *', 'select 1');
     insert into "Maps 地図".known_places values (1000, E'Ümlaut\\t駅', now()), (1001, '\\N', null);
     -- The extension's own row, altered: no part of a dump, as the extension brings its own.
     update "Maps 地図".known_places set name = 'altered' where id = 1;
     update "Maps 地図".place_settings set value = 'imperial'; insert into "Maps 地図".place_settings values ('zoom', '3');
     select setval('"Maps 地図".place_numbers', 1077)`,
  );
  await started.backUp();
  manifest = await started.manifestOf();
}, 60_000);
const inTarget = (sql: string) => started.target.query(sql);

describe("rows of extensions", () => {
  it("are in the backup if the extension marks them as its user's", () => {
    const tables = manifest.tables.filter(({ kind }) => kind === "extension");
    expect(tables.map(({ name, rows, condition }) => ({ name, rows, condition }))).toEqual([
      { name: "known_places", rows: 2, condition: "WHERE id >= 1000" },
      { name: "place_settings", rows: 2, condition: undefined },
    ]);
    expect(manifest.newestDataAt).toBeDefined();
    expect(manifest.sequences).toContainEqual(
      expect.objectContaining({ name: "place_numbers", kind: "extension", lastValue: "1077" }),
    );
  });

  it("come back next to the extension's own, and replace the initial ones that the backup has changed", async () => {
    await started.restoreInto(started.target.url);
    expect(await inTarget(`select id, name from "Maps 地図".known_places order by id`)).toEqual([
      { id: 1, name: "Shibuya" },
      { id: 2, name: "Namba" },
      { id: 1000, name: "Ümlaut\t駅" },
      { id: 1001, name: "\\N" },
    ]);
    expect(await inTarget(`select key, value from "Maps 地図".place_settings order by key`)).toEqual([
      { key: "units", value: "imperial" },
      { key: "zoom", value: "3" },
    ]);
    expect(await inTarget(`select nextval('"Maps 地図".place_numbers')::int as next`)).toEqual([{ next: 1078 }]);
  }, 60_000);

  it("are compared after a restore, but only those that the backup holds", async () => {
    const { signal } = new AbortController();
    const check = () => checkRestored({ targetUrl: started.target.url, applicationName: "test", manifest, signal });
    await inTarget(`update "Maps 地図".known_places set name = 'its own' where id = 2`);
    await check();
    await inTarget(`update "Maps 地図".known_places set name = 'x' where id = 1000`);
    await expect(check()).rejects.toThrow(/Maps 地図\.known_places has other content in its 2 rows/);
  });
});

describe("what a backup leaves out of extensions", () => {
  it("is named with its reason: the platform's, and what the role may not read or write", async () => {
    expect(manifest.leftOut).toContainEqual({
      what: "rows of cron.job, of extension pg_cron",
      why: "they are kept as scheduled jobs, which come back when they are released",
    });
    expect(manifest.leftOut).toContainEqual({
      what: "rows of 1 table of schema cron",
      why: "the schema belongs to the platform or an extension, which fills it",
    });
    await started.database.asSuperuser(
      `revoke all on "Maps 地図".known_places, "Maps 地図".place_settings from postgres; revoke pg_read_all_data from postgres;
       grant select on "Maps 地図".place_settings to postgres`,
    );
    const found = await started.database.inSession(listLeftOutOfExtensions);
    expect(found).toContainEqual({
      what: 'rows of "Maps 地図".known_places, of extension castchat_places',
      why: "postgres may not read them",
    });
    expect(found).toContainEqual({
      what: 'rows of "Maps 地図".place_settings, of extension castchat_places',
      why: "postgres may not write them, so no restore could bring them back",
    });
    // None of them keeps the rest from being backed up.
    await started.backUp(started.vault, { acceptsSmaller: true });
    const { tables } = await started.manifestOf();
    expect(tables.filter(({ kind }) => kind === "extension")).toEqual([]);
  }, 60_000);
});
