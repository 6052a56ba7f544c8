import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { prepareEngine, SetupFault } from "./engine.ts";
import type { PreviewReport } from "./previewStack.ts";
import { judge } from "./verdict.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const PACK = fileURLToPath(new URL(".", import.meta.url));
const STACKS = ["prod", "dr"];

/** The previews of new stacks ask no service anything; these only keep providers from asking for credentials. */
const PLACEHOLDERS = {
  AWS_ACCESS_KEY_ID: "preview",
  AWS_SECRET_ACCESS_KEY: "preview",
  VERCEL_API_TOKEN: "preview-preview-preview-1",
  GITHUB_TOKEN: "preview",
  CLOUDFLARE_API_TOKEN: "preview-preview-preview-preview-preview1",
  SUPABASE_ACCESS_TOKEN: "preview",
};

/** Previews one stack in a process of its own. */
function previewInChild(root: string, stack: string, scratch: string, path: string): Promise<PreviewReport> {
  return new Promise((resolve, reject) => {
    const child = fork(join(PACK, "previewStack.ts"), {
      env: { ...PLACEHOLDERS, ...process.env, PATH: path, PULUMI_SKIP_UPDATE_CHECK: "true" },
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    child.once("message", (report) => {
      resolve(report as PreviewReport);
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      reject(new SetupFault(`The preview of stack ${stack} ended without a report (exit code ${code ?? "none"}).`));
    });
    child.send({ root, stack, pack: PACK, scratch });
  });
}

/**
 * `node policies/check.ts [project folder]`: previews both stacks, prints the verdict, gives its exit code.
 *
 * @param root the folder of the Pulumi project to check
 */
async function main(root: string): Promise<number> {
  const scratch = await mkdtemp(join(tmpdir(), "castchat-policy-"));
  try {
    const path = await prepareEngine(join(scratch, "bin"), process.env["PATH"] ?? "");
    const reports = await Promise.all(STACKS.map((stack) => previewInChild(root, stack, scratch, path)));
    const { lines, exitCode } = judge(reports);
    process.stdout.write(`${lines.join("\n")}\n`);
    return exitCode;
  } catch (error) {
    if (!(error instanceof SetupFault)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 2;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv[2] ?? PROJECT);
