import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";

/** Works until it is asked to stop, and then cleans up for a moment. */
const WORK = `
  import { abortOnInterrupt } from ${JSON.stringify(join(PROJECT_ROOT, "cli", "terminal", "interruption.ts"))};
  const working = setInterval(() => undefined, 1000);
  abortOnInterrupt().addEventListener("abort", () => setTimeout(() => {
    console.log("cleared up");
    clearInterval(working);
  }, 50));
  console.log("works");`;

describe("abortOnInterrupt", () => {
  it.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("lets a command clean up on %s", async (name) => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", WORK], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout.once("data", () => child.kill(name));
    const [said] = await Promise.all([text(child.stdout), once(child, "exit")]);
    expect({ said, exitCode: child.exitCode }).toEqual({ said: "works\ncleared up\n", exitCode: 0 });
  });
});
