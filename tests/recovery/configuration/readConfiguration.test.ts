import { beforeAll, describe, expect, it } from "@jest/globals";

import { backup } from "../../../recovery/backup/backup.ts";
import { readConfiguration } from "../../../recovery/configuration/readConfiguration.ts";
import { forSuite } from "../../support/suite.ts";
import { startTestCloud } from "../support/cloud.ts";
import { resign } from "../support/resign.ts";
import { newSite, type Site } from "../support/source.ts";
import { withUnreadable } from "../support/unreadable.ts";

const cloud = forSuite(startTestCloud);
let site: Site;
beforeAll(async () => {
  site = await newSite(cloud);
});

/** No run is dated by another clock than the vault's. */
const begunAt = Date.now();

/** A backup of the configuration of a second: its parts hold that second, and others are missing. */
async function taken(second: number, parts: string[], missing: string[]) {
  const content = {
    takenAt: `${second}`,
    ...Object.fromEntries(parts.map((part) => [part, { of: second }])),
    missing: missing.map((part) => ({ part, reason: "refused" })),
  };
  return await backup({
    ...site.common,
    kind: "configuration",
    signer: site.signer,
    clock: () => new Date(begunAt + second * 1000),
    configuration: () => Promise.resolve(content),
  });
}
const read = async (backupId?: string) => (await readConfiguration({ ...site.common, backupId })).configuration;

describe("the configuration", () => {
  it("is the newest, each part that it lacks from the newest backup that has it, and says so", async () => {
    const first = await taken(1, ["application", "dns"], ["repository"]);
    const second = await taken(2, ["dns"], ["application", "repository"]);
    const third = await taken(3, [], ["application", "dns", "repository"]);
    expect(third.leftOut).toContainEqual({ what: "the configuration's part dns", why: "refused", failed: true });
    // One from before the manifest said what is missing is looked into.
    await resign(site.vault, site.signer, second, (manifest) => {
      delete manifest.lacks;
    });
    expect(await read()).toEqual({
      takenAt: "3",
      application: { of: 1 },
      dns: { of: 2 },
      missing: [{ part: "repository", reason: "refused" }],
      from: {
        application: { backupId: first.backupId, snapshotAt: first.snapshotAt },
        dns: { backupId: second.backupId, snapshotAt: second.snapshotAt },
      },
    });
    // One that is named is shown as it is.
    expect(await read(third.backupId)).toMatchObject({ missing: [{}, {}, {}] });
    const whole = await taken(4, ["application", "dns", "repository"], []);
    expect(whole.leftOut.filter(({ failed }) => failed)).toEqual([]);
    expect(await read()).not.toHaveProperty("from");
    await withUnreadable(site.vault, async (said) => {
      const { configuration, passedOver } = await readConfiguration(site.common);
      expect(configuration).toMatchObject({ takenAt: "4" });
      expect(passedOver).toEqual([expect.stringMatching(said)]);
    });
  });
});
