import { describe, expect, it } from "@jest/globals";

import { listCommand } from "../../cli/commands/list.ts";
import { verifyCommand } from "../../cli/commands/verify.ts";
import { exitCodeOf } from "../../cli/terminal/failure.ts";
import { shortList } from "../../cli/terminal/shortList.ts";
import { backupState, verifiedFacts } from "../../cli/text/backupState.ts";
import { verificationLines } from "../../cli/text/verificationTable.ts";
import { CHECKLIST, type Verification } from "../../recovery/vault/verification.ts";
import type { CheckLine } from "../../recovery/verify/testRestore/checklist.ts";
import type { VerifyResult } from "../../recovery/verify/verify.ts";
import { MADE_BY_TEST } from "../support/madeBy.ts";

const verification: Verification = {
  format: "castchat-verification",
  formatVersion: 1,
  manifestSha256: "0".repeat(64),
  backupId: "20260701T020000Z-1a2b3c",
  verifiedAt: "2026-07-02T03:04:05.678Z",
  ok: true,
  level: "restored-proven",
  objects: 7,
  sizeBytes: 2_500_000,
  faults: [],
  durationMs: 1234,
};
const lines: CheckLine[] = CHECKLIST.map((item, at) => ({
  item,
  what: `part ${at}`,
  state: at === 4 ? "not checked" : "ok",
  detail: at === 4 ? "not checked here: no Auth service" : "done",
}));
const result = (more: Partial<VerifyResult> = {}): VerifyResult => ({
  ...verification,
  tier: "daily",
  snapshotAt: "2026-07-01T02:00:01.000Z",
  parts: 7,
  tables: 26,
  rows: 618,
  leftOut: [{ what: "passwords of roles", why: "a managed database does not give them out: set new ones" }],
  storedAs: "daily/20260701T020000Z-1a2b3c/verifications/20260702T030405.678Z.json",
  isDecrypted: true,
  passedOver: [],
  ...more,
});
const text = (more?: Partial<VerifyResult>) => verificationLines(result(more)).join("\n");

describe("verify on the command line", () => {
  it("shows the checklist line by line, and never calls a line ok that was not checked", () => {
    const notes = ["Something stands as text."];
    const shown = text({ restore: { throwaway: "a server of its own", lines, notes }, madeBy: MADE_BY_TEST });
    expect(shown).toMatch(
      /^Program: castchat-recovery 0\.1\.0, commit c0ffee.*\nMachine: A processor.*\nVersions: Node/m,
    );
    for (const item of CHECKLIST) expect(shown).toContain(item);
    expect(shown).toContain("Authentication functional: not checked");
    expect(shown).toMatch(/not checked +│ part 4 +│ not checked here: no Auth service/);
    expect(shown).toContain("Something stands as text.");
    expect(shown).toContain("What it does not hold:\n  passwords of roles: a managed database does not give them out");
    expect(shown).toContain("can be restored (restored-proven)");
    expect(shown).toContain("verifications/20260702T030405.678Z.json");
  });

  it("shows every fault, and what was not decrypted", () => {
    const failed = text({ ok: false, level: undefined, faults: ["daily/x is missing", "daily/y is damaged"] });
    expect(failed).toContain("not ok: daily/x is missing\n  not ok: daily/y is damaged");
    expect(failed).toContain("did NOT pass");
    const sealed = text({ isDecrypted: false, level: "proven" });
    expect(sealed).toContain("rows were not decrypted");
    expect(sealed).not.toContain("is whole");
    expect(text({ walkedPast: ["daily/x was deleted"] })).toMatch(/passed over: daily\/x was deleted[^]*is whole/);
    expect(text({ share: { number: 3, of: 30 } })).toContain("Nothing is wrong with share 3/30.");
  });

  it("refuses an invalid share", async () => {
    for (const share of ["0/3", "4/3", "1", "1/0", "x/y", "-1/2"]) {
      const command = verifyCommand()
        .exitOverride()
        .configureOutput({ writeErr: () => undefined });
      const refused: unknown = await command
        .parseAsync(["-s", "x", `--sample=${share}`], { from: "user" })
        .catch((error: unknown) => error);
      expect(refused).toMatchObject({ message: expect.stringContaining("It must be n/t with n from 1 to t") });
      expect(exitCodeOf(refused)).toBe(2);
    }
  });
});

describe("list", () => {
  it("refuses another text than an age, and says how an age is written", async () => {
    const command = listCommand()
      .exitOverride()
      .configureOutput({ writeErr: () => undefined });
    const refused: unknown = await command
      .parseAsync(["-s", "x", "--max-age", "1w"], { from: "user" })
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ message: expect.stringMatching(/--max-age.*'1w'.*such as 25h, 2d or 90m/) });
    expect(exitCodeOf(refused)).toBe(2);
  });

  it("is short: the first entries, what must not be missed, and how many are left out", () => {
    const many = Array.from({ length: 14 }, (_, at) => at);
    const what = "older ones are";
    expect(shortList(many, { all: true, what })).toEqual({ shown: many, rest: [] });
    expect(shortList(many.slice(4), { all: false, what })).toEqual({ shown: many.slice(4), rest: [] });
    const { shown, rest } = shortList(many, { all: false, what, important: 12 });
    expect(shown).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12]);
    expect(rest).toEqual(["3 older ones are not shown: add --all."]);
  });

  const proven = { proven: true, problems: [] };
  const state = (latest: Verification, best: Verification | undefined = latest, unbelieved: string[] = []) =>
    backupState({ ...proven, ...verifiedFacts({ latest, best: best as never, unbelieved }) });

  it("describes how far a backup is proven", () => {
    expect(backupState(proven)).toBe("proven");
    const unverified = verifiedFacts({ latest: undefined, best: undefined, unbelieved: [] });
    expect(backupState({ ...proven, ...unverified })).toBe("proven");
    expect(state({ ...verification, level: "proven" })).toBe("proven");
    expect(state({ ...verification, level: "decrypt-proven" })).toBe("decrypt-proven 2026-07-02 03:04");
    expect(state(verification)).toBe("restored-proven 2026-07-02 03:04");
  });

  it("shows a failure after an earlier success, and verifications without a trusted signature", () => {
    const failed: Verification = {
      ...verification,
      ok: false,
      verifiedAt: "2026-08-01T00:00:00.000Z",
      faults: ["daily/x is missing"],
    };
    expect(state(failed, verification)).toBe(
      "restored-proven 2026-07-02 03:04; verification FAILED 2026-08-01 00:00: daily/x is missing",
    );
    expect(backupState({ proven: false, problems: ["daily/x is missing"] })).toBe("daily/x is missing");
    expect(state(verification, verification, ["a", "b"])).toContain("; 2 verifications without a trusted signature");
    const differing = { ...lines[0]!, state: "not ok" as const, detail: "a row differs" };
    const restore = { throwaway: "", notes: [], lines: [differing] };
    expect(state({ ...failed, faults: [], restore }, verification)).toContain("FAILED 2026-08-01 00:00: a row differs");
  });
});
