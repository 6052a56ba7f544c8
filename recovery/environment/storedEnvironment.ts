import type { Clock } from "../../services/common/clock.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Opener } from "../../services/vault/age.ts";
import type { Vault } from "../../services/vault/vault.ts";
import type { ChosenBackup } from "../vault/chooseBackup.ts";
import { type Environment, parseEnvironment } from "../vault/environmentPart.ts";
import { listBackups, NEVER_FINISHED, takenAt, type TierPrefix } from "../vault/listBackups.ts";
import { partOf } from "../vault/manifest.ts";
import { readPlain } from "../vault/readPart.ts";
import { isEnvironmentObject, newestEnvironment } from "../vault/sealedEnvironments.ts";

/** Where an app's variables are sealed, and what opens them. */
export interface EnvironmentSource {
  vault: Vault;
  /** Public keys (PEM) of the writers. */
  trustedKeys: readonly string[];
  /** The shortest first: variables lie there. */
  tiers: readonly TierPrefix[];
  clock: Clock;
  /** Absent if there is no identity to decrypt with. */
  opener?: Opener | undefined;
  signal?: AbortSignal | undefined;
}

/** The newest backup of an app's variables, and the newer ones that cannot be used, in sentences. */
export interface FoundEnvironment {
  backup: ChosenBackup | undefined;
  passedOver: string[];
}

/**
 * Finds the newest proven variables of an app. Opens nothing, so it needs no identity.
 *
 * @param app the app's name in the settings; undefined for the app without a name
 */
export async function findEnvironment(source: EnvironmentSource, app: string | undefined): Promise<FoundEnvironment> {
  const backups = await listEnvironments(source);
  const backup = newestEnvironment(backups, app, source.clock());
  const since = backup === undefined ? -Infinity : takenAt(backup);
  const passedOver = backups
    .filter((one) => takenAt(one) > since && one.manifest?.app === app && !one.problems.includes(NEVER_FINISHED))
    .map(
      ({ backupId, problems }) =>
        `Newer variables (${backupId}) were passed over: ${problems.join("; ") || "their time lies in the future"}.`,
    );
  return { backup, passedOver };
}

/** Reads and decrypts an app's variables by the id of their backup. Throws UserError without an identity, or if the backup is not there. */
export async function openEnvironment(source: EnvironmentSource, backupId: string): Promise<Environment> {
  const found = (await listEnvironments(source)).find((one) => one.backupId === backupId);
  if (found?.manifest === undefined || !found.proven)
    throw new UserError(
      `The vault holds no proven variables ${backupId}. Run \`pulumi refresh\`, after which the next \`pulumi up\` takes the newest ones.`,
    );
  return await contentOf(source, { ...found, manifest: found.manifest });
}

/** The same of a backup that was found. */
export async function contentOf(
  { vault, opener, signal }: Pick<EnvironmentSource, "vault" | "opener" | "signal">,
  { manifest }: ChosenBackup,
): Promise<Environment> {
  const part = partOf(manifest, "environment.json");
  return parseEnvironment((await readPlain({ vault, manifest, opener }, part, signal)).toString("utf8"));
}

async function listEnvironments({ vault, trustedKeys, tiers, signal }: EnvironmentSource) {
  return await listBackups({ vault, trustedKeys, tiers: tiers.slice(0, 1), having: isEnvironmentObject, signal });
}
