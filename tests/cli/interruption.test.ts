import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { PROJECT_ROOT } from "../../sandbox/layout.ts";

/** Stands for a command that has something to stop. */
const COMMAND = `
import { abortOnInterrupt } from "./cli/interruption.ts";
const signal = abortOnInterrupt();
const busy = setInterval(() => undefined, 1_000);
signal.addEventListener("abort", () => { process.stdout.write("stopped what was started"); clearInterval(busy); });
process.stdout.write("ready ");`;

describe("a command", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("stops what it has started on %s", async (signal) => {
    const child = spawn(process.execPath, ["--no-warnings", "--input-type=module-typescript", "--eval", COMMAND], {
      cwd: PROJECT_ROOT,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      if (output === "") child.kill(signal);
      output += text;
    });
    expect(await once(child, "close")).toEqual([0, null]);
    expect(output).toBe("ready stopped what was started");
  });
});
