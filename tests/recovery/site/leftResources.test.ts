import { describe, expect, it } from "@jest/globals";

import { PrimarySite } from "../../../components/primarySite.ts";
import { Generations } from "../../../components/recovery/generations.ts";
import { StandbySite } from "../../../components/standbySite.ts";
import { SETTLEMENTS } from "../../../recovery/site/leftResources.ts";
import { registered } from "../../components/mocks.ts";
import { EXISTING, PRIMARY, STANDBY } from "../../components/siteArgs.ts";

describe("what resume knows to settle", () => {
  it("is every type that the stacks declare, in every mode, and no other", async () => {
    const replica = { standbyVaultBucketArn: "arn:aws:s3:::replica", standbyVaultKeyArn: "arn:aws:kms:x:2:key/1" };
    const { stack, apps, zoneName, supabaseOrganization: organization, generation } = STANDBY;
    const [publicName] = apps[0].publicNames;
    const sites = [
      await registered(() => new PrimarySite("primary", { ...PRIMARY, ...replica })),
      await registered(() => new PrimarySite("primary", EXISTING)),
      await registered(() => new StandbySite("standby", STANDBY)),
      await registered(() => new StandbySite("standby", { ...STANDBY, mode: "active" })),
      await registered(() => new StandbySite("standby", { ...STANDBY, mode: "drill" })),
      // The program declares it beside the site (index.ts).
      await registered(() => new Generations("generations", { stack, publicName, zoneName, organization, generation })),
    ];
    const types = sites.flat().map(({ type }) => type);
    // Components exist only for the engine: no service has anything of them.
    const resources = types.filter((type) => !type.startsWith("castchat:") && !type.startsWith("pulumi:"));
    expect(Object.keys(SETTLEMENTS).sort()).toEqual([...new Set(resources)].sort());
  });
});
