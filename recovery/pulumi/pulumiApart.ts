import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

import { messageOf, UserError } from "../../services/common/errors.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { ChildFailure, inChild } from "./childProcess.ts";
import type { PreviewOrder, PreviewReport } from "./previewChild.ts";
import { copyWorkspace, PLACEHOLDERS, readWorkspace, writeStandIns } from "./previewWorkspace.ts";
import { NO_PULUMI } from "./pulumiFaults.ts";
import type { Registration } from "./pulumiResources.ts";
import type { RecordOrder } from "./recordChild.ts";

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
  /** Settings in place of the stack's own, by full key. @default - none */
  settings?: Readonly<Record<string, unknown>>;
}

const PREVIEW = fileURLToPath(new URL("previewChild.ts", import.meta.url));
const RECORD = fileURLToPath(new URL("recordChild.ts", import.meta.url));
/** The backend of a stack that is only recorded. */
const NO_BACKEND = "file:///preview";

/**
 * Previews a stack as if it were new, on the real engine but apart: with a copy of its settings, a state that is thrown away, and stand-ins
 * for the public providers. So it needs no account, backend, passphrase or lock, and can't change anything.
 *
 * @throws UserError if a file is missing, or the signal's reason
 */
export async function previewApart(options: ApartOptions): Promise<PreviewReport> {
  const { stack, workspace, policyPack, settings, path = process.env["PATH"] ?? "" } = options;
  const what = `The preview of stack ${stack}`;
  return await withTemporaryFolder("preview", async (folder) => {
    const copied = await copyWorkspace(workspace, stack, folder, settings);
    const environment = await prepareEnvironment(folder, path);
    const order: PreviewOrder = { ...copied, stack, folder, policyPack };
    return await inChild<PreviewReport>(PREVIEW, order, { environment, signal: options.signal, what });
  });
}

/**
 * What a stack's program registers, with stand-ins for what only an update can know. It needs no engine, and takes a fifth of a preview's
 * time. If the program fails in it, a preview decides, and gives the reason in the engine's words.
 *
 * @throws UserError if a file is missing or the program refuses its settings
 */
export async function registeredApart(options: ApartOptions): Promise<Registration> {
  const recorded = await recordedApart(options);
  if (recorded !== undefined) return recorded;
  const { config, resources, failure } = await previewApart(options);
  if (failure === undefined) return { config, resources };
  if (/\bpulumi ENOENT\b/.test(failure.reason)) throw new UserError(NO_PULUMI);
  const reason = messageOf(failure.reason);
  throw failure.isRefusal
    ? new UserError(reason)
    : new Error(`The preview of stack ${options.stack} failed: ${reason}`);
}

/** What the program registers against a monitor that only takes notes; undefined if it fails. @internal exported for tests */
export async function recordedApart(options: ApartOptions): Promise<Registration | undefined> {
  const { stack, workspace, signal } = options;
  const { project, main, config } = await readWorkspace(workspace, stack);
  if (config === undefined) return undefined;
  const order: RecordOrder = { stack, project, main, config };
  const environment = { ...PLACEHOLDERS, PULUMI_BACKEND_URL: NO_BACKEND };
  try {
    return await inChild<Registration>(RECORD, order, { environment, signal, what: `The record of stack ${stack}` });
  } catch (error) {
    if (error instanceof ChildFailure) return undefined;
    throw error;
  }
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
