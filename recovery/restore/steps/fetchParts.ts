import { type HeldBack, parseHeldBack } from "../../postgres/catalog/heldBack.ts";
import { forStandIn } from "../../postgres/catalog/standIn.ts";
import { parseVaultSecrets, type VaultSecret } from "../../postgres/catalog/vaultSecrets.ts";
import type { BackupSource } from "../../vault/backupSource.ts";
import { fetchDump, fetchText } from "../../vault/fetchPart.ts";
import type { PartName } from "../../vault/manifest.ts";
import type { PrivateFile } from "../../vault/privateFile.ts";
import type { Restoring } from "../run/restoring.ts";

/** Brings a dump of the backup into a private file. */
export type FetchDump = (name: PartName) => Promise<PrivateFile>;

/** The parts of a backup that define the database. */
export interface Definitions {
  /** pg_dump's archive of the definitions. */
  dump: PrivateFile;
  /** SQL of the app's own roles. */
  roles: string;
  /** SQL of the app's objects on tables of the platform. */
  managedObjects: string;
}

/** Does work with dumps of a backup and removes their files afterwards. */
export async function withDumps<T>(
  source: BackupSource & Pick<Restoring, "signal">,
  work: (fetch: FetchDump) => Promise<T>,
): Promise<T> {
  const files: PrivateFile[] = [];
  try {
    return await work(async (name) => {
      const file = await fetchDump(source, name, source.signal);
      files.push(file);
      return file;
    });
  } finally {
    await Promise.all(files.map((file) => file.remove()));
  }
}

/** The phase "download": fetches what defines the database. */
export async function downloadDefinitions(restoring: Restoring, fetch: FetchDump): Promise<Definitions> {
  const { session, manifest, phase, signal } = restoring;
  return await phase("download", `Fetching backup ${manifest.backupId} of ${manifest.snapshotAt}`, async () => {
    const dump = await fetch("schema.dump");
    const roles = await fetchText(restoring, "roles.sql", signal);
    const managedObjects = forStandIn(session, await fetchText(restoring, "managed-objects.sql", signal));
    return { dump, roles, managedObjects };
  });
}

/** Whether the backup has this part. Older formats and other kinds lack some. */
export function hasPart({ manifest }: Pick<BackupSource, "manifest">, wanted: PartName): boolean {
  return manifest.parts.some(({ name }) => name === wanted);
}

/** The scheduled jobs and publications that the backup holds back. None if it has no such part. */
export async function fetchHeldBack(source: BackupSource, signal: AbortSignal): Promise<HeldBack> {
  const name = "held-back.json";
  if (hasPart(source, name)) return parseHeldBack(await fetchText(source, name, signal));
  return { database: source.manifest.source.database, jobs: [], publications: [] };
}

/** The vault's secrets, in clear. None if the backup has no such part. */
export async function fetchVaultSecrets(restoring: Restoring): Promise<readonly VaultSecret[]> {
  const name = "vault-secrets.json";
  return hasPart(restoring, name) ? parseVaultSecrets(await fetchText(restoring, name, restoring.signal)) : [];
}
