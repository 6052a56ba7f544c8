import { fork } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { messageOf, UserError } from "../../services/common/errors.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import type { PreviewOrder, PreviewReport } from "./previewChild.ts";
import { copyWorkspace, PLACEHOLDERS, writeStandIns } from "./previewWorkspace.ts";
import { NO_PULUMI } from "./pulumiFaults.ts";
import type { Registration } from "./pulumiResources.ts";

/** A stack whose program is previewed. */
export interface ApartOptions {
  stack: string;
  /** The folder of Pulumi.yaml and the stack's file. */
  workspace: string;
  /** The folder of a policy pack. @default - the preview is under no policy */
  policyPack?: string;
  /** Where the engine is found. @default - the environment's PATH */
  path?: string;
  signal?: AbortSignal;
}

const CHILD = fileURLToPath(new URL("previewChild.ts", import.meta.url));

/**
 * Previews a stack as if it were new, on the real engine but apart: with a copy of its settings, a state that is thrown away, and stand-ins
 * for the public providers. So it needs no account, backend, passphrase or lock, and can't change anything.
 *
 * @throws UserError if a file is missing, or the signal's reason
 */
export async function previewApart(options: ApartOptions): Promise<PreviewReport> {
  const { stack, workspace, policyPack, path = process.env["PATH"] ?? "" } = options;
  return await withTemporaryFolder("preview", async (folder) => {
    const copied = await copyWorkspace(workspace, stack, folder);
    const environment = await prepareEnvironment(folder, path);
    return await inChild({ ...copied, stack, folder, policyPack }, environment, options.signal);
  });
}

/**
 * What a stack's program registers in such a preview.
 *
 * @throws UserError if a file is missing or the program refuses its settings
 */
export async function registeredApart(options: ApartOptions): Promise<Registration> {
  const { config, resources, failure } = await previewApart(options);
  if (failure === undefined) return { config, resources };
  if (/\bpulumi ENOENT\b/.test(failure.reason)) throw new UserError(NO_PULUMI);
  const reason = messageOf(failure.reason);
  throw failure.isRefusal
    ? new UserError(reason)
    : new Error(`The preview of stack ${options.stack} failed: ${reason}`);
}

async function prepareEnvironment(folder: string, path: string): Promise<Record<string, string>> {
  const bin = join(folder, "bin");
  const state = join(folder, "state");
  await Promise.all([mkdir(bin), mkdir(state)]);
  await writeStandIns(bin);
  return {
    ...PLACEHOLDERS,
    PATH: [bin, path].join(delimiter),
    PULUMI_BACKEND_URL: pathToFileURL(state).href,
    PULUMI_CONFIG_PASSPHRASE: "preview",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The engine and what it starts leave caches behind.
    TMPDIR: folder,
  };
}

/** Runs a preview in a process of its own, which ends after all that it has started. */
async function inChild(
  order: PreviewOrder,
  environment: Record<string, string>,
  signal: AbortSignal | undefined,
): Promise<PreviewReport> {
  signal?.throwIfAborted();
  const child = fork(CHILD, {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    // A process group of its own: a terminal's Ctrl-C reaches only us, and the child ends the engine in order.
    detached: true,
  });
  let said = "";
  child.stderr?.on("data", (text: Buffer) => (said += text.toString()));
  return await new Promise((resolve, reject) => {
    const stop = () => void child.kill("SIGTERM");
    signal?.addEventListener("abort", stop, { once: true });
    child.once("message", (report) => {
      if (signal?.aborted !== true) resolve(report as PreviewReport);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      signal?.removeEventListener("abort", stop);
      // Not before it has ended: it would still write into the folder that is removed next.
      if (signal?.aborted === true) reject(signal.reason as Error);
      const last = messageOf(said.trim().split("\n").at(-1) ?? "");
      reject(
        new UserError(
          `The preview of stack ${order.stack} ended without a report (exit code ${code ?? "none"}): ${last}`,
        ),
      );
    });
    child.send(order);
  });
}
