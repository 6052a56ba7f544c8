import { z } from "zod";

import { UserError } from "../../services/common/errors.ts";
import { chooseBackup } from "../vault/chooseBackup.ts";
import { listBackups } from "../vault/listBackups.ts";
import type { Manifest, PartName } from "../vault/manifest.ts";
import { readPlain } from "../vault/readPart.ts";
import type { StoredSource } from "./configuration.ts";
import type { ReadConfigurationOptions } from "./readConfiguration.ts";

const named = z.object({ source: z.object({ commit: z.string() }) });

/**
 * This repository's files in a proven backup: in one by its id, or in the newest that has them. Compared with the signed manifest before they are used.
 *
 * @throws UserError for a backup that does not exist, is not proven, or has no such files
 */
export async function readSource(options: ReadConfigurationOptions): Promise<StoredSource & { backupId: string }> {
  const { vault, opener, backupId, signal } = options;
  const backups = await listBackups(options);
  const { chosen } = chooseBackup(backups, backupId === undefined ? { accepts: holdsSource } : { backupId });
  const { manifest } = chosen;
  const read = async (name: PartName): Promise<Buffer> => {
    const part = manifest.parts.find((one) => one.name === name);
    if (part === undefined)
      throw new UserError(
        `Backup ${chosen.backupId} does not have this repository's files. Leave the id out for the newest that has them.`,
      );
    return await readPlain({ vault, manifest, opener }, part, signal);
  };
  const tar = await read("source.tar");
  const { commit } = named.parse(JSON.parse((await read("configuration.json")).toString("utf8"))).source;
  return { backupId: chosen.backupId, commit, tar };
}

function holdsSource({ parts }: Manifest): boolean {
  return parts.some(({ name }) => name === "source.tar");
}
