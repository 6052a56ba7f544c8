import { Readable } from "node:stream";

import { together } from "../../services/common/pool.ts";
import { listOtherSchemas } from "../postgres/catalog/catalog.ts";
import { type HeldBack, heldBackText, readHeldBack } from "../postgres/catalog/heldBack.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import { withStillHeldBack } from "../postgres/catalog/stillHeldBack.ts";
import { type VaultSecret, vaultSecretsText } from "../postgres/catalog/vaultSecrets.ts";
import { startPgTool } from "../postgres/programs/pgTools.ts";
import { managedObjectsScript } from "../postgres/roles/managedObjectsScript.ts";
import { rolesScript } from "../postgres/roles/rolesScript.ts";
import type { Session } from "../postgres/session/database.ts";
import type { DatabaseAddress } from "../postgres/session/databaseUrl.ts";
import { quoteIdent } from "../postgres/session/quote.ts";
import { KINDS } from "../vault/backupKinds.ts";
import { missingIn, type MissingPart, unsealedIn, type UnsealedVariables } from "../vault/configurationPart.ts";
import { type Environment, environmentText } from "../vault/environmentPart.ts";
import type { BackupPart, PartName } from "../vault/manifest.ts";
import { type RunPlace, store, storeText } from "../vault/storePart.ts";
import type { BackupOptions } from "./backupOptions.ts";
import type { Reading } from "./snapshotReader.ts";

/** What the leading session reads for the parts before the dumps start. A session runs one query at a time. */
export interface PartScripts {
  roles: string;
  /** What of the roles cannot be written as a script. */
  leftOut: LeftOut[];
  managedObjects: string;
  /** What a restore holds back until it is released. */
  heldBack: HeldBack;
  /** Decrypted. */
  vaultSecrets: readonly VaultSecret[];
  /** Schemas that do not belong to the app. */
  otherSchemas: string[];
}

/** The parts that were stored, and what the configuration lacks. */
export interface StoredParts {
  parts: BackupPart[];
  missing: MissingPart[];
  /** The variables whose values no backup has. */
  unsealed: UnsealedVariables[];
}

/** Reads from the leading session what the parts need. */
export async function readScripts(session: Session, vaultSecrets: readonly VaultSecret[]): Promise<PartScripts> {
  const { script, leftOut } = await rolesScript(session);
  return {
    vaultSecrets,
    roles: script,
    leftOut,
    managedObjects: await managedObjectsScript(session),
    heldBack: await withStillHeldBack(session, await readHeldBack(session)),
    otherSchemas: await listOtherSchemas(session),
  };
}

/** Stores definitions, rights and large objects, as far as this kind of backup holds them. */
export async function storeDefinitions(
  reading: Reading,
  address: DatabaseAddress,
  { otherSchemas }: PartScripts,
  signal: AbortSignal,
): Promise<BackupPart[]> {
  const { dump } = KINDS[reading.kind];
  if (dump === undefined) return [];
  const others = otherSchemas.map((name) => `--exclude-schema=${quoteIdent(name)}`);
  return [await storeDump(reading, address, dump.part, [...dump.args, ...others], signal)];
}

/** Stores the parts that need no dump, as far as this kind of backup holds them. */
export async function storeScripts(reading: Reading, scripts: PartScripts, signal: AbortSignal): Promise<BackupPart[]> {
  const content = KINDS[reading.kind];
  const works: ((inner: AbortSignal) => Promise<BackupPart>)[] = [];
  if (content.definitions) {
    works.push(
      (inner) => storeText(reading, "roles.sql", scripts.roles, inner),
      (inner) => storeText(reading, "managed-objects.sql", scripts.managedObjects, inner),
      (inner) => storeText(reading, "held-back.json", heldBackText(scripts.heldBack), inner),
    );
  }
  if (content.vaultSecrets && scripts.vaultSecrets.length > 0) {
    works.push((inner) => storeText(reading, "vault-secrets.json", vaultSecretsText(scripts.vaultSecrets), inner));
  }
  return await together<BackupPart[]>(signal, ...works);
}

/** Collects and stores the configuration, if it has sources. */
export async function storeConfiguration(
  place: RunPlace,
  { configuration, sealer }: Pick<BackupOptions, "configuration"> & { sealer?: object | undefined },
  signal: AbortSignal,
): Promise<StoredParts> {
  if (configuration === undefined) return { parts: [], missing: [], unsealed: [] };
  const collected = await configuration(sealer !== undefined);
  const { variableValues: values, sourceArchive: source, ...content } = collected as Record<string, unknown>;
  const parts = [await storeText(place, "configuration.json", JSON.stringify(content, undefined, 1), signal)];
  if (values !== undefined && sealer !== undefined)
    parts.push(await storeText(place, "variable-values.json", JSON.stringify(values, undefined, 1), signal));
  if (Buffer.isBuffer(source)) parts.push(await store(place, "source.tar", Readable.from([source]), signal));
  return { parts, missing: missingIn(content), unsealed: unsealedIn(content) };
}

/** Stores an app's variables. */
export async function storeEnvironment(
  place: RunPlace,
  environment: Environment,
  signal: AbortSignal,
): Promise<StoredParts> {
  return {
    parts: [await storeText(place, "environment.json", environmentText(environment), signal)],
    missing: [],
    unsealed: [],
  };
}

async function storeDump(
  reading: Reading,
  address: DatabaseAddress,
  name: PartName,
  selection: readonly string[],
  signal: AbortSignal,
): Promise<BackupPart> {
  const dump = startPgTool(reading.pgDump, {
    args: [
      "--format=custom",
      "--compress=none",
      `--snapshot=${reading.snapshotId}`,
      // A session queued for a lock behind ours blocks the app, so pg_dump gives up after this time.
      "--lock-wait-timeout=5000",
      "--no-password",
      "--no-tablespaces",
      "--no-subscriptions",
      "--no-security-labels",
      ...selection,
    ],
    address,
    applicationName: reading.applicationName,
    signal,
  });
  dump.stdin.end();
  // An upload can succeed although the dump failed half-way, so both must succeed.
  const [part] = await Promise.all([store(reading, name, dump.stdout, signal, dump.done), dump.done]);
  return part;
}
