import { describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";

import { checkTrafficLease } from "../../components/recovery/trafficLease.ts";

const WANTED = { publicName: "app.castchat.jp", zoneName: "castchat.jp", stack: "dr", generation: 2 };

describe("checkTrafficLease", () => {
  it("fails with only the reason if the zone can't be reached", async () => {
    const reason = "Cloudflare cannot be reached at https://api.cloudflare.com (GET /zones): ENOTFOUND.";
    await pulumi.runtime.setMocks({
      newResource: () => ({ id: "", state: {} }),
      call: () => Promise.reject(new Error(reason)),
    });
    // Not part of the public type.
    const lease = checkTrafficLease(WANTED, {}) as unknown as { promise: () => Promise<unknown> };
    const refusal = await lease.promise().catch((error: unknown) => error);
    expect(pulumi.RunError.isInstance(refusal)).toBe(true);
    expect((refusal as Error).message).toBe(reason);
  });
});
