import { constants } from "node:fs";
import { access, copyFile, link, mkdir, realpath, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";

import { writeStarter } from "../recovery/pulumi/previewWorkspace.ts";
import { UserError } from "../services/common/errors.ts";

/** The engine's language host: where one is found it is asked to run a policy pack, which only the newest ones can. */
const LANGUAGE_HOST = "pulumi-language-nodejs";
/** What the engine starts for a pack in Node where there is no language host. */
const ANALYZER = "pulumi-analyzer-policy-nodejs";

/**
 * Puts the engine into a folder where it runs policy packs, whether it is an official release or built from source: the CLI
 * alone, without the language host beside it, and a starter for packs. The program itself is run inline and needs no host.
 *
 * @returns the PATH to run it with
 * @throws UserError if there is no `pulumi` on the PATH
 */
export async function prepareEngine(folder: string, path: string): Promise<string> {
  const folders = path.split(delimiter).filter((one) => one !== "");
  const pulumi = await findTool("pulumi", folders);
  if (pulumi === undefined) throw new UserError("There is no pulumi on the PATH; run `make policy`, which brings it.");

  await mkdir(folder, { recursive: true });
  // A copy, not a symbolic link: the engine looks for hosts beside the file that it really is.
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
  for (const folder of folders) {
    if (await isTool(join(folder, name))) return join(folder, name);
  }
  return undefined;
}

async function isTool(file: string): Promise<boolean> {
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** A hard link costs nothing, but only works within one file system. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch(() => copyFile(from, to));
}
