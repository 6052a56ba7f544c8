import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { prepareEngine, SetupFault } from "./engine.ts";
import type { PreviewReport, Violation } from "./previewStack.ts";
import { replicaInAnotherRegion, type StacksRule } from "./stacks/replicaInAnotherRegion.ts";

const PROJECT = fileURLToPath(new URL("..", import.meta.url));
const PACK = fileURLToPath(new URL(".", import.meta.url));
const STACKS = ["prod", "dr"];
const RULES: Readonly<Record<string, StacksRule>> = { "stacks-replica-in-another-region": replicaInAnotherRegion };

/** The previews of new stacks ask no service anything; these only keep providers from asking for credentials. */
const PLACEHOLDERS = {
  AWS_ACCESS_KEY_ID: "preview",
  AWS_SECRET_ACCESS_KEY: "preview",
  VERCEL_API_TOKEN: "preview-preview-preview-1",
  GITHUB_TOKEN: "preview",
  CLOUDFLARE_API_TOKEN: "preview-preview-preview-preview-preview1",
  SUPABASE_ACCESS_TOKEN: "preview",
};

/** What the previews came to: the lines to print, and the exit code (0 kept, 1 a policy is broken, 2 a preview failed). */
export interface Verdict {
  readonly lines: readonly string[];
  readonly exitCode: 0 | 1 | 2;
}

/** Judges the previews of all stacks, those of each one and the rules over all of them. Pure. */
export function judge(reports: readonly PreviewReport[], rules: Readonly<Record<string, StacksRule>> = RULES): Verdict {
  const failed = reports.some(({ failure }) => failure !== undefined);
  const lines = reports.flatMap(linesOf);
  // Half of the stacks would make the rules over all of them say things that are not so.
  const between: Violation[] = failed
    ? []
    : Object.entries(rules).flatMap(([policy, rule]) => rule(reports).map((message) => ({ policy, message })));
  if (!failed) lines.push(`both stacks: ${summary(between)}`, ...between.map(lineOf));
  const broken = between.length > 0 || reports.some(({ violations }) => violations.length > 0);
  return { lines, exitCode: failed ? 2 : broken ? 1 : 0 };
}

function linesOf({ stack, resources, violations, failure }: PreviewReport): string[] {
  if (failure !== undefined) return [`${stack}: the preview failed: ${failure}`];
  return [`${stack}: ${resources.length} resources, ${summary(violations)}`, ...violations.map(lineOf)];
}

function summary(violations: readonly Violation[]): string {
  if (violations.length === 0) return "every policy is kept";
  return violations.length === 1 ? "1 violation" : `${violations.length} violations`;
}

function lineOf({ policy, message, urn }: Violation): string {
  const resource = urn === undefined ? "" : ` [${urn.split("::").at(-1) ?? urn}]`;
  return `  - ${message}${resource} (${policy})`;
}

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

/** @param root the folder of the Pulumi project to check */
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

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = await main(process.argv[2] ?? PROJECT);
