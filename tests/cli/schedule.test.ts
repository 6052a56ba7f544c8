import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it, jest } from "@jest/globals";

import { scheduleCommand } from "../../cli/commands/schedule/schedule.ts";
import { UserError } from "../../services/common/errors.ts";
import { makeTestFolder } from "../support/folder.ts";

describe("castchat-recovery schedule", () => {
  it("writes the code of the scheduled runs, and prints its hash", async () => {
    const folder = await makeTestFolder();
    const file = join(folder.path, "out.mjs");
    const written: string[] = [];
    const spy = jest.spyOn(process.stdout, "write").mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    try {
      await scheduleCommand().parseAsync(["bundle", file, "--json"], { from: "user" });
    } finally {
      spy.mockRestore();
    }
    const sha256 = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
    expect(JSON.parse(written.join(""))).toEqual({ file, sha256 });
    await folder.remove();
  });

  it("reports in one sentence that the file can't be written", async () => {
    const file = "/absent/out.mjs";
    const written = scheduleCommand().parseAsync(["bundle", file], { from: "user" });
    await expect(written).rejects.toBeInstanceOf(UserError);
    await expect(written).rejects.toThrow(/^\/absent\/out\.mjs can't be written \(ENOENT\): name another file\.$/);
  });

  it.each([[[]], [["show"]], [["run"]]])("needs a stack: %j", async (args) => {
    const command = scheduleCommand();
    for (const one of [command, ...command.commands]) one.exitOverride().configureOutput({ writeErr: () => undefined });
    await expect(command.parseAsync(args, { from: "user" })).rejects.toMatchObject({
      code: "commander.missingMandatoryOptionValue",
    });
  });
});
