import { describe, expect, it } from "@jest/globals";

import { tiersToLifecycleRules } from "../../components/lifecycleRules.ts";
import { TIERS } from "../../planning/tiers.ts";

const cleanUp = {
  id: "clean-up",
  status: "Enabled",
  filter: { prefix: "" },
  expiration: { expiredObjectDeleteMarker: true },
  abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
};
const tier = (id: string, days: number, transitions?: object[]) => ({
  id,
  status: "Enabled",
  filter: { prefix: `${id}/` },
  expiration: { days },
  noncurrentVersionExpiration: { noncurrentDays: 1 },
  ...(transitions && { transitions }),
});

describe("tiersToLifecycleRules", () => {
  it("makes one rule for each tier, and one that removes what expiry leaves behind", () =>
    expect(tiersToLifecycleRules(TIERS)).toEqual([
      tier("daily", 30),
      tier("weekly", 92, [{ days: 30, storageClass: "STANDARD_IA" }]),
      tier("monthly", 366, [{ days: 30, storageClass: "GLACIER_IR" }]),
      tier("annual", 1827, [{ days: 30, storageClass: "GLACIER_IR" }]),
      cleanUp,
    ]));

  it("leaves transitions out if a tier has none", () => {
    const [daily] = tiersToLifecycleRules(TIERS.slice(0, 1));
    expect(daily).not.toHaveProperty("transitions");
  });

  it("still cleans up when there is no tier", () => expect(tiersToLifecycleRules([])).toEqual([cleanUp]));

  it("gives every rule an id and a prefix of its own", () => {
    const rules = tiersToLifecycleRules(TIERS) as { id: string; filter: { prefix: string } }[];
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    expect(new Set(rules.map(({ filter }) => filter.prefix)).size).toBe(rules.length);
  });
});
