import { mkdir } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";

import { execa } from "execa";

import { messageOf, UserError } from "../../services/common/errors.ts";
import { withTemporaryFolder } from "../../services/common/temporaryFolder.ts";
import { copyWorkspace, PLACEHOLDERS, writeStandIns } from "./previewWorkspace.ts";
import { pulumiClient } from "./pulumi.ts";
import type { Registration } from "./pulumiResources.ts";

/** A stack whose program is to be looked at. */
export interface ApartOptions {
  stack: string;
  /** The folder of Pulumi.yaml and the stack's file. */
  workspace: string;
  signal?: AbortSignal;
}

/**
 * Previews a stack as if it were new, on the real engine but apart: a copy of its settings, a state of its own that is thrown
 * away, and stand-ins for the public providers. So it needs no account, no backend, no passphrase and no lock, and it can't
 * change anything.
 *
 * @throws UserError where a file is missing or the program refuses its settings
 */
export async function previewApart(options: ApartOptions): Promise<Registration> {
  return await withTemporaryFolder("plan", async (folder) => {
    await copyWorkspace(options.workspace, options.stack, folder);
    const environment = await prepareEnvironment(folder);
    await initStack(options, folder, environment);
    return await pulumiClient({ ...options, workspace: folder, environment }).registered();
  });
}

async function prepareEnvironment(folder: string): Promise<Record<string, string>> {
  const bin = join(folder, "bin");
  const state = join(folder, "state");
  await Promise.all([mkdir(bin), mkdir(state)]);
  await writeStandIns(bin);
  return {
    ...PLACEHOLDERS,
    PATH: [bin, process.env["PATH"] ?? ""].join(delimiter),
    PULUMI_BACKEND_URL: pathToFileURL(state).href,
    PULUMI_CONFIG_PASSPHRASE: "preview",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The language host leaves a compiler's cache behind.
    TMPDIR: folder,
  };
}

async function initStack(
  { stack, signal }: ApartOptions,
  folder: string,
  environment: Record<string, string>,
): Promise<void> {
  try {
    await execa("pulumi", ["stack", "init", stack, "--non-interactive"], {
      cwd: folder,
      env: { ...environment, NO_COLOR: "1" },
      stdin: "ignore",
      ...(signal && { cancelSignal: signal }),
    });
  } catch (error) {
    if (signal?.aborted === true) throw new DOMException("interrupted", "AbortError");
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new UserError("The Pulumi command is not on PATH: run `make setup`, or install Pulumi.");
    }
    throw new Error(`A stack for the preview could not be made: ${messageOf(error)}`, { cause: error });
  }
}
