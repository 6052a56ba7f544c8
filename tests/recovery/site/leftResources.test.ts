import { describe, expect, it } from "@jest/globals";

import { PrimarySite } from "../../../components/primarySite.ts";
import { Adoption } from "../../../components/recovery/adoption.ts";
import { Generations } from "../../../components/recovery/generations.ts";
import { StandbySite } from "../../../components/standbySite.ts";
import { findLeftResources, SETTLEMENTS } from "../../../recovery/site/leftResources.ts";
import type { AppHost } from "../../../services/appHost/appHost.ts";
import { silent } from "../../../services/common/reporter.ts";
import { registered } from "../../components/mocks.ts";
import { EXISTING, PRIMARY, STANDBY } from "../../components/siteArgs.ts";

describe("what resume knows to settle", () => {
  it("is every type that the stacks declare, in every mode, and no other", async () => {
    const replica = { standbyVaultBucketArn: "arn:aws:s3:::replica", standbyVaultKeyArn: "arn:aws:kms:x:2:key/1" };
    const { stack, apps, zoneName, supabaseOrganization: organization, generation } = STANDBY;
    const [publicName] = apps[0].publicNames;
    const repositories = [{ repository: apps[0].repository, gitlabMirror: "castchat/mirror" }];
    const mirror = { code: STANDBY.scheduledRun.code, tokens: {} };
    const scheduledRun = { ...STANDBY.scheduledRun, mirror };
    const sites = [
      await registered(() => new PrimarySite("primary", { ...PRIMARY, ...replica })),
      await registered(() => new PrimarySite("primary", EXISTING)),
      await registered(
        () => new StandbySite("standby", { ...STANDBY, repositories, mirrorIntervalHours: 1, scheduledRun }),
      ),
      await registered(() => new StandbySite("standby", { ...STANDBY, mode: "active" })),
      await registered(() => new StandbySite("standby", { ...STANDBY, mode: "drill" })),
      // The program declares these beside the site (index.ts).
      await registered(() => new Adoption("adoption", { stack: "prod", parts: [] })),
      await registered(() => new Generations("generations", { stack, publicName, zoneName, organization, generation })),
    ];
    const types = sites.flat().map(({ type }) => type);
    // Components exist only for the engine: no service has anything of them.
    const resources = types.filter((type) => !type.startsWith("castchat:") && !type.startsWith("pulumi:"));
    expect(Object.keys(SETTLEMENTS).sort()).toEqual([...new Set(resources)].sort());
  });

  it("removes variables that the killed update has made, and none that was there before", async () => {
    const removed: string[] = [];
    const since = new Date("2026-07-01T02:00:00Z");
    const settle = async (createdAt: Date | undefined, begun: Date | undefined) => {
      const appHost = {
        name: "Vercel",
        clashingVariables: () => Promise.resolve([{ id: "env_1", key: "DATABASE_URL", createdAt }]),
        removeVariable: (_project: string, id: string) => Promise.resolve(void removed.push(id)),
      } as unknown as AppHost;
      const never = (): never => {
        throw new Error("not asked");
      };
      const variables = [{ key: "DATABASE_URL", targets: ["production"] }];
      const type = "vercel:index/projectEnvironmentVariables:ProjectEnvironmentVariables";
      const pending = [{ urn: "u", type, inputs: { projectId: "prj_1", variables } }];
      const ports = { region: "", accountId: "", aws: never, dns: never, appHost: () => appHost };
      const { signal } = new AbortController();
      return await findLeftResources(pending, { ...ports, since: begun, signal, reporter: silent });
    };
    const live = /has DATABASE_URL, and nothing shows that the killed update has made them.*stay as they are/;
    await expect(settle(new Date("2026-03-01T00:00:00Z"), since)).rejects.toThrow(live);
    await expect(settle(undefined, since)).rejects.toThrow(live);
    await expect(settle(new Date("2026-07-01T02:00:05Z"), undefined)).rejects.toThrow(live);
    expect(removed).toEqual([]);
    await settle(new Date("2026-07-01T02:00:05Z"), since);
    expect(removed).toEqual(["env_1"]);
  });
});
