import { describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";

import { askTrafficLease } from "../../components/recovery/trafficLease.ts";

const WANTED = {
  publicName: "app.castchat.jp",
  zoneName: "castchat.jp",
  projectName: "castchat-dr",
  stack: "dr",
  generation: 2,
};
const REASON = "Cloudflare cannot be reached at https://api.cloudflare.com (GET /zones): ENOTFOUND.";

describe("the lease of a public name", () => {
  it.each([REASON, `invocation of recovery:index:trafficLease returned an error: ${REASON}`])(
    "fails with only the reason if the zone can't be reached: %s",
    async (thrown) => {
      await pulumi.runtime.setMocks({
        newResource: () => ({ id: "", state: {} }),
        // As gRPC gives an engine's error.
        call: () => Promise.reject(Object.assign(new Error(thrown), { details: thrown })),
      });
      const refusal: unknown = await askTrafficLease(WANTED, {}).catch((error: unknown) => error);
      expect(pulumi.RunError.isInstance(refusal)).toBe(true);
      expect((refusal as Error).message).toBe(REASON);
    },
  );
});
