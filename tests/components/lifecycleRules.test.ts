import { describe, expect, it } from "@jest/globals";

import { tiersToLifecycleRules } from "../../components/lifecycleRules.ts";
import { TIERS } from "../../planning/tiers.ts";
import { CLEAN_UP, TIER_RULES } from "../planning/support/registered.ts";

describe("tiersToLifecycleRules", () => {
  it("makes one rule for each tier, and one that removes what expiry leaves behind", () =>
    expect(tiersToLifecycleRules(TIERS)).toEqual([...TIER_RULES, CLEAN_UP]));

  it("leaves transitions out if a tier has none", () => {
    const [daily] = tiersToLifecycleRules(TIERS.slice(0, 1));
    expect(daily).not.toHaveProperty("transitions");
  });

  it("still cleans up when there is no tier", () => expect(tiersToLifecycleRules([])).toEqual([CLEAN_UP]));

  it("gives every rule an id and a prefix of its own", () => {
    const rules = tiersToLifecycleRules(TIERS) as { id: string; filter: { prefix: string } }[];
    expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
    expect(new Set(rules.map(({ filter }) => filter.prefix)).size).toBe(rules.length);
  });
});
