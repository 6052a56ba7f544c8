import { describe, expect, it } from "@jest/globals";

import { adviceOnSize, isEnough, MEASURED, runnerNeedOf, sizeOfCompute } from "../../planning/runnerMachine.ts";
import { textOf } from "../support/documentCommands.ts";

const GB = 1e9;

describe("the machine of the scheduled backups", () => {
  it.each([
    [0.1, "small"],
    [70, "small"],
    [80, "medium"],
    [190, "medium"],
    [200, "large"],
    [420, "large"],
    [500, "xlarge"],
    [3000, "2xlarge"],
  ] as const)("for %s GB of rows it is %s", (gb, size) => expect(runnerNeedOf(gb * GB).size).toBe(size));

  it("says beyond which size a restore misses 30 minutes, and a backup its limit", () => {
    expect(adviceOnSize(runnerNeedOf(197 * GB))).toEqual([]);
    expect(adviceOnSize(runnerNeedOf(198 * GB))).toEqual([
      "A restore of 198 GB from the vault takes longer than the objective of 30 minutes, which it meets up to about 197 GB. Have Supabase's point-in-time recovery, and use it first (castchat-recovery restore-platform); the vault is the second line.",
    ]);
    expect(adviceOnSize(runnerNeedOf(900 * GB))[1]).toBe(
      "A backup of 900 GB does not end within the 120 minutes after which a run is stopped.",
    );
  });

  it("rests on the figures that docs/performance.md measured", () => {
    const text = textOf("docs/performance.md");
    expect(text).toContain(`| backup, one table   | 211 GB            | ${MEASURED.backupBytesPerSecond / 1e6} MB   |`);
    expect(text).toContain(`| restore, one table  | ${MEASURED.restorableBytes / 1e9} GB `);
  });

  it("is compared by size, not by name", () => {
    expect(isEnough("2xlarge", "large")).toBe(true);
    expect(isEnough("small", "medium")).toBe(false);
    expect(sizeOfCompute("BUILD_GENERAL1_2XLARGE")).toBe("2xlarge");
    expect(sizeOfCompute("BUILD_LAMBDA_1GB")).toBeUndefined();
  });
});
