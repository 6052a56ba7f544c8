import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { PLACEHOLDERS } from "../recovery/pulumi/previewWorkspace.ts";
import { UserError } from "../services/common/errors.ts";
import { prepareEngine } from "./engine.ts";
import type { PreviewReport } from "./previewStack.ts";
import { judge } from "./verdict.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const PACK = fileURLToPath(new URL(".", import.meta.url));
const STACKS = ["prod", "dr"];

/** Previews one stack in a child process, together with everything that it starts. */
function previewInChild(
  order: { root: string; stack: string; scratch: string },
  path: string,
  signal: AbortSignal,
): Promise<PreviewReport> {
  return new Promise((resolve, reject) => {
    const child = fork(join(PACK, "previewStack.ts"), {
      env: {
        ...PLACEHOLDERS,
        ...process.env,
        PATH: path,
        // The pack's runner leaves a compiler's cache behind.
        TMPDIR: order.scratch,
        PULUMI_SKIP_UPDATE_CHECK: "true",
      },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      // Its own process group, so that the engine and its plugins end with it.
      detached: true,
    });
    const stop = () => {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
      reject(new UserError("Interrupted; nothing was changed."));
    };
    signal.addEventListener("abort", stop, { once: true });
    child.once("message", (report) => {
      resolve(report as PreviewReport);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      signal.removeEventListener("abort", stop);
      reject(
        new UserError(`The preview of stack ${order.stack} ended without a report (exit code ${code ?? "none"}).`),
      );
    });
    child.send({ ...order, pack: PACK });
  });
}

/**
 * `node policies/check.ts [project folder]`: previews both stacks, prints the verdict and exits with its code.
 *
 * @param root the folder of the Pulumi project to check
 */
async function main(root: string): Promise<number> {
  const interruption = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => interruption.abort());
  const scratch = await mkdtemp(join(tmpdir(), "castchat-policy-"));
  try {
    const path = await prepareEngine(join(scratch, "bin"), process.env["PATH"] ?? "");
    const preview = (stack: string) => previewInChild({ root, stack, scratch }, path, interruption.signal);
    const { lines, exitCode } = judge(await Promise.all(STACKS.map(preview)));
    process.stdout.write(`${lines.join("\n")}\n`);
    return exitCode;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  } finally {
    // The engine may still be writing its last file.
    await rm(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

process.exitCode = await main(process.argv[2] ?? PROJECT);
