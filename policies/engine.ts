import { constants } from "node:fs";
import { access, copyFile, link, mkdir, realpath, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";

import { writeStarter } from "../recovery/pulumi/previewWorkspace.ts";
import { UserError } from "../services/common/errors.ts";

/** The engine's language host. If the engine finds one, it asks it to run policy packs, which only the newest hosts can. */
const LANGUAGE_HOST = "pulumi-language-nodejs";
/** The program that the engine starts for a Node pack if there is no language host. */
const ANALYZER = "pulumi-analyzer-policy-nodejs";

/**
 * Prepares a folder with an engine that runs policy packs, both for an official release and for one built from source. It contains the CLI
 * without a language host, and a starter for packs. The program itself runs inline and needs no host.
 *
 * @returns the PATH for running the engine
 * @throws UserError if there is no `pulumi` on the PATH
 */
export async function prepareEngine(folder: string, path: string): Promise<string> {
  const folders = path.split(delimiter).filter((one) => one !== "");
  const pulumi = await findTool("pulumi", folders);
  if (pulumi === undefined)
    throw new UserError("There is no pulumi on the PATH. Run `make policy`, which installs it.");

  await mkdir(folder, { recursive: true });
  // A copy, not a symbolic link: the engine looks for hosts beside its real file.
  await linkOrCopy(await realpath(pulumi), join(folder, "pulumi"));
  await symlink(process.execPath, join(folder, "node"));
  await writeStarter(join(folder, ANALYZER), packRunner());

  const withoutHost = await Promise.all(
    folders.map(async (one) => ((await isTool(join(one, LANGUAGE_HOST))) ? [] : [one])),
  );
  return [folder, ...withoutHost.flat()].join(delimiter);
}

function packRunner(): string {
  return join(dirname(createRequire(import.meta.url).resolve("@pulumi/pulumi/package.json")), "cmd", "run-policy-pack");
}

async function findTool(name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) if (await isTool(join(folder, name))) return join(folder, name);
  return undefined;
}

async function isTool(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Makes a hard link, which is free, or a copy if the folders are on different file systems. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}
