import { describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";

import { warnOfFailedChecks } from "../../components/recovery/examination.ts";
import { SECRET_SETTINGS } from "../../settings/schema.ts";
import type { StandbySettings } from "../../settings/settings.ts";

const SECRETS = { ...Object.fromEntries([...SECRET_SETTINGS.keys()].map((key) => [key, "hunter2"])) };
const SETTINGS = { mode: "drill", stack: "dr", ...SECRETS } as unknown as StandbySettings;

/** Asks under mocks, and returns what was asked and logged. */
async function warned(settings: StandbySettings, answer: () => Promise<object>, isPreview = false) {
  const asked: unknown[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource: () => ({ id: "", state: {} }),
      call: ({ inputs }) => {
        asked.push(inputs);
        return answer();
      },
    },
    "project",
    "dr",
    isPreview,
  );
  await warnOfFailedChecks(settings, {});
  return asked;
}

describe("the examination before a recovery", () => {
  const fine = () => Promise.resolve({ warning: "" });
  it("passes on no secret, only that it is set", async () => {
    const asked = await warned(SETTINGS, fine);
    expect(asked).toHaveLength(1);
    const text = JSON.stringify(asked);
    expect(text).not.toContain("hunter2");
    for (const key of SECRET_SETTINGS.keys()) expect(text).toContain(key);
  });

  it("keeps no preview of an emergency waiting, and has nothing to say of a standby", async () => {
    expect(await warned({ ...SETTINGS, mode: "active" }, fine, true)).toEqual([]);
    expect(await warned({ ...SETTINGS, mode: "active" }, fine)).toHaveLength(1);
    expect(await warned({ ...SETTINGS, mode: "standby" }, fine)).toEqual([]);
  });

  it("never stops an update", async () => {
    await warned(SETTINGS, () => Promise.reject(new Error("the services are down")));
  });
});
