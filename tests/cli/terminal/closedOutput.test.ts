import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";

/** More output than a pipe holds, without a stack or a network. */
const LONG = [join(PROJECT_ROOT, "cli", "main.ts"), "calendar", "--days", "20000"];

describe("a command whose output is closed", () => {
  it("ends normally when its reader has closed the pipe", async () => {
    const child = spawn(process.execPath, LONG, { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.once("data", () => child.stdout.destroy());
    const [said] = await Promise.all([text(child.stderr), once(child, "exit")]);
    expect({ said, exitCode: child.exitCode }).toEqual({ said: "", exitCode: 0 });
  });

  it("reports that its result could not be written", async () => {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, LONG, { stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    const [said] = await Promise.all([text(child.stderr!), once(child, "exit")]);
    expect(said).toMatch(/^The result could not be written: ENOSPC: [^\n]+\.\n$/);
    expect(child.exitCode).toBe(1);
  });
});
