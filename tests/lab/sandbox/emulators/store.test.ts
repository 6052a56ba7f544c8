import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { openStore } from "../../../../lab/sandbox/emulators/store.ts";
import { UserError } from "../../../../services/common/errors.ts";

describe("an emulator's store", () => {
  let home = "";
  beforeEach(() => void (home = mkdtempSync(join(tmpdir(), "castchat-store-"))));
  afterEach(() => rmSync(home, { recursive: true }));

  it("keeps saved state, and nothing else", () => {
    const file = join(home, "sub", "x.json");
    const store = openStore(file, { names: ["none"], added: 1 });
    store.state.names = ["é", "\n"];
    store.save();
    store.state.names.push("not saved");
    expect(openStore(file, { names: [] as string[], added: 2, later: true }).state).toEqual({
      names: ["é", "\n"],
      added: 1,
      later: true,
    });
  });

  it("leaves no other file behind and lets only its owner read", () => {
    const file = join(home, "x.json");
    openStore(file, { a: 1 }).save();
    expect(readdirSync(home)).toEqual(["x.json"]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("refuses a damaged file, and names the command to run", () => {
    const file = join(home, "x.json");
    writeFileSync(file, '{"a": 1');
    expect(() => openStore(file, {})).toThrow(UserError);
    expect(() => openStore(file, {})).toThrow(/sandbox reset/);
  });
});
