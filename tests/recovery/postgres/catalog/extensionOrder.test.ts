import { describe, expect, it } from "@jest/globals";

import { inOrderOfNeed } from "../../../../recovery/postgres/catalog/extensionOrder.ts";
import { withSession } from "../../../../recovery/postgres/session/database.ts";
import { restoreExtensions } from "../../../../recovery/restore/steps/restoreExtensions.ts";
import type { Manifest } from "../../../../recovery/vault/manifest.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { forSuite } from "../../../support/suite.ts";

const database = forSuite(startTestDatabase);

/** As a manifest has them: sorted by name. */
const NAMES = ["castchat_areas", "castchat_places", "cube", "earthdistance", "fuzzystrmatch"];

describe("extensions that require others", () => {
  it("come after them, and all others stay where they are", async () => {
    const order = (names: readonly string[]) =>
      withSession(database.superuserUrl, { applicationName: "test" }, async (session) => {
        const extensions = names.map((name) => ({ name }));
        return (await inOrderOfNeed(session, extensions)).map(({ name }) => name);
      });
    const sorted = ["castchat_places", "castchat_areas", "cube", "earthdistance", "fuzzystrmatch"];
    expect(await order(NAMES)).toEqual(sorted);
    const reversed = ["fuzzystrmatch", "cube", "earthdistance", "castchat_places", "castchat_areas"];
    expect(await order([...NAMES].reverse())).toEqual(reversed);
    // One whose need is no part of the backup, and one that the server doesn't know.
    expect(await order(["unknown", "earthdistance"])).toEqual(["unknown", "earthdistance"]);
  });

  it("are made by a restore, whatever their names", async () => {
    const versionOf = (name: string) => (name === "castchat_areas" ? "1.0" : "");
    const extensions = NAMES.map((name) => ({ name, version: versionOf(name), schema: "extensions" }));
    await withSession(database.superuserUrl, { applicationName: "test" }, async (session) => {
      await restoreExtensions(session, { extensions } as unknown as Manifest);
      const made = await session.query<{ name: string }>(
        "select extname as name from pg_extension where extname = any ($1::text[]) order by 1",
        [NAMES],
      );
      expect(made.map(({ name }) => name)).toEqual(NAMES);
    });
  });
});
