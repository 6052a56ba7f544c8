import { describe, expect, it } from "@jest/globals";

import { tiersToLifecycleRules } from "../../components/lifecycleRules.ts";
import { TIERS } from "../../planning/tiers.ts";
import { CLEAN_UP, TIER_RULES } from "../planning/support/registered.ts";

describe("tiersToLifecycleRules", () => {
  it("makes one rule for each tier, and one that removes what expiry leaves behind", () =>
    expect(tiersToLifecycleRules(TIERS)).toStrictEqual([...TIER_RULES, CLEAN_UP]));

  it("still cleans up when there is no tier", () => expect(tiersToLifecycleRules([])).toEqual([CLEAN_UP]));
});
