import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../lab/sandbox/host/layout.ts";
import { BACKUP_FAULTS } from "./backupFaults.ts";
import { applied, editsOf } from "./knownFault.ts";
import { RECOVERY_FAULTS } from "./recoveryFaults.ts";
import { TRUST_FAULTS } from "./trustFaults.ts";

const KNOWN_FAULTS = [...BACKUP_FAULTS, ...RECOVERY_FAULTS, ...TRUST_FAULTS];

describe("the known faults", () => {
  it.each(KNOWN_FAULTS)("can be put back: $name", (fault) => {
    for (const edit of editsOf(fault)) applied(readFileSync(join(PROJECT_ROOT, edit.file), "utf8"), edit);
    // The title is in the suite, or in a conformance suite beside it.
    const folder = join(PROJECT_ROOT, dirname(fault.suite));
    const sources = readdirSync(folder).filter(
      (name) => name === basename(fault.suite) || /onformance\.ts$/.test(name),
    );
    expect(sources).toContain(basename(fault.suite));
    expect(sources.map((name) => readFileSync(join(folder, name), "utf8")).join("")).toContain(fault.test ?? "");
  });

  it("have names of their own", () => {
    expect(new Set(KNOWN_FAULTS.map(({ name }) => name)).size).toBe(KNOWN_FAULTS.length);
  });

  it("are refused if their text is missing, or occurs twice", () => {
    const edit = { file: "a.ts", find: "one", replace: "two" };
    expect(applied("this one", edit)).toBe("this two");
    expect(() => applied("this", edit)).toThrow("a.ts has 0 times, instead of once: one");
    expect(() => applied("one one", edit)).toThrow("a.ts has 2 times");
  });
});
