import { beforeAll, describe, expect, it } from "@jest/globals";

import { buildOf } from "../../../provider/recovery/buildOf.ts";
import { backup } from "../../../recovery/backup/backup.ts";
import { failureText } from "../../../recovery/backup/leftOutText.ts";
import { readConfiguration } from "../../../recovery/configuration/readConfiguration.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import { vercelApps } from "../../../services/appHost/vercel.ts";
import type { Sealer } from "../../../services/vault/age.ts";
import { CONTEXT } from "../../provider/recovery/examples.ts";
import { forSuite } from "../../support/suite.ts";
import { newAgeKey } from "../support/ageKey.ts";
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
/** A configuration with one app's project. */
async function takenWith(second: number, part: string, settings: object) {
  const content = { takenAt: `${second}`, [part]: { settings }, missing: [] };
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

  it("keeps values in a part of their own, only where it is sealed, and names the variables that no one has", async () => {
    const key = await newAgeKey();
    const variableValues = {
      format: 1,
      applications: { web: [{ key: "A", targets: [], environments: [], value: "hunter2" }] },
    };
    const content = { takenAt: "x", "application web": { unsealed: ["NEVER"] }, missing: [], variableValues };
    const take = async (sealer?: Sealer) => {
      const asked: boolean[] = [];
      const configuration = (isSealed: boolean) => {
        asked.push(isSealed);
        return Promise.resolve(content);
      };
      const common = { ...site.common, kind: "configuration" as const, signer: site.signer, configuration };
      return { ...(await backup({ ...common, sealer })), asked };
    };
    const named = {
      what: "values of the variables NEVER of project web",
      why: expect.stringMatching(/env pull FILE.*env import FILE/) as unknown,
    };
    for (const [sealer, parts] of [
      [undefined, ["configuration.json"]],
      [key.sealer, ["configuration.json", "variable-values.json"]],
    ] as const) {
      const { backupId, asked, leftOut } = await take(sealer);
      expect(asked).toEqual([sealer !== undefined]);
      expect(leftOut).toContainEqual(named);
      expect(failureText(backupId, leftOut)).toBeUndefined();
      const { manifest } = (await listBackups(site.common)).find((one) => one.backupId === backupId)!;
      expect(manifest?.parts.map(({ name }) => name)).toEqual(parts);
      expect(manifest?.lacks).toEqual({ variables: ["web NEVER"] });
      const source = { ...site.common, opener: key.opener, backupId };
      const { configuration, values } = await readConfiguration(source);
      expect(configuration).not.toHaveProperty("variableValues");
      expect(values).toEqual(sealer && variableValues);
    }
  });

  it("says how an app was built, in a deployment whose settings do not, and warns if it does not", async () => {
    const appHost = vercelApps({ token: "t", endpoint: "http://127.0.0.1:1" });
    const said: string[] = [];
    const operation = { report: () => undefined, warn: (line: string) => void said.push(line) };
    const of = (projectName: string, build?: object, vault = () => site.vault) => {
      const context = {
        ...CONTEXT,
        appHost: () => appHost,
        vault,
        opener: () => Promise.resolve(undefined),
      };
      const storedBuild = { projectName, vaultBucket: "v", trustedWriterKeys: [...site.common.trustedKeys] };
      return buildOf(context, { ...(build && { build }), storedBuild }, new AbortController().signal, operation);
    };
    await takenWith(5, "application castchat", { framework: "vite", buildCommand: null });
    await takenWith(6, "application admin", {
      framework: "nextjs",
      resourceConfig: { functionDefaultRegions: ["hnd1"] },
    });
    expect(await of("admin")).toEqual({ framework: "nextjs", functionRegion: "hnd1" });
    expect(await of("admin", { framework: "remix" })).toEqual({ framework: "remix" });
    expect(said).toEqual([]);
    expect(await of("castchat")).toBeUndefined();
    const lost = () => {
      throw new Error("Access denied.");
    };
    expect(await of("admin", undefined, lost)).toBeUndefined();
    expect(said).toEqual([
      "How castchat is built is not known: no backup holds its settings. Set build of the app in castchat-recovery:apps if the deployment does not work.",
      expect.stringMatching(/^How admin is built is not known: Access denied\. Set build of the app/),
    ]);
  });
});
