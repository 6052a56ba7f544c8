import { readdirSync } from "node:fs";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { dumpOf } from "../recovery/support/sample.ts";
import type { Store } from "./support/order.ts";
import { startRunner } from "./support/runnerProcess.ts";
import { suiteSetting } from "./support/setting.ts";
import { smallDisk } from "./support/smallDisk.ts";

/** Less than the sample's definitions need. */
const disk = smallDisk("8k");

const setting = suiteSetting();
let store: Store;
beforeAll(async () => {
  store = await setting.newStore();
}, 60_000);
afterAll(() => disk?.remove());

describe("the runner's own disk", () => {
  // Only a real file system can be full. A machine that permits no mount skips the test.
  (disk === undefined ? it.skip : it)(
    "is not needed by a backup; when it is full a restore reports it, and the same call continues with more room",
    async () => {
      const { path } = disk!;
      const backup = setting.order("backup", setting.source.url, store);
      const taken = await startRunner(backup, { TMPDIR: path }).ended;
      expect([taken.failure, taken.code, readdirSync(path)]).toEqual([undefined, 0, []]);

      const target = await setting.server.newDatabase();
      const restore = () => startRunner(setting.order("restore", target.url, store), { TMPDIR: path }).ended;
      const failed = await restore();
      expect(failed).toMatchObject({ code: 2, failure: { name: "UserError" }, backupId: undefined });
      expect(failed.failure?.message).toMatch(
        new RegExp(`^The temporary folder ${path} of this machine is full, .* set TMPDIR .* continues`),
      );
      expect(failed.stderr).toBe("");
      expect(readdirSync(path)).toEqual([]);

      disk!.grow("64m");
      expect(await restore()).toMatchObject({ code: 0, failure: undefined, backupId: taken.backupId });
      expect(dumpOf(target.superuserUrl)).toBe(setting.content);
      expect(readdirSync(path)).toEqual([]);
    },
    60_000,
  );
});
