import { together } from "../../services/common/pool.ts";
import { listOtherSchemas } from "../postgres/catalog/catalog.ts";
import { type HeldBack, heldBackText, readHeldBack } from "../postgres/catalog/heldBack.ts";
import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import { type VaultSecret, vaultSecretsText } from "../postgres/catalog/vaultSecrets.ts";
import { startPgTool } from "../postgres/programs/pgTools.ts";
import { managedObjectsScript } from "../postgres/roles/managedObjectsScript.ts";
import { rolesScript } from "../postgres/roles/rolesScript.ts";
import type { Session } from "../postgres/session/database.ts";
import type { DatabaseAddress } from "../postgres/session/databaseUrl.ts";
import { quoteIdent } from "../postgres/session/quote.ts";
import { KINDS } from "../vault/backupKinds.ts";
import { missingIn, type MissingPart } from "../vault/configurationPart.ts";
import type { BackupPart, PartName } from "../vault/manifest.ts";
import { type RunPlace, store, storeText } from "../vault/storePart.ts";
import type { Reading } from "./reading.ts";

/** What the leading session reads for the parts, before the dumps begin: it takes one query at a time. */
export interface PartScripts {
  roles: string;
  /** What of the roles can't be written down. */
  leftOut: LeftOut[];
  managedObjects: string;
  /** What a restore holds back until it is released. */
  heldBack: HeldBack;
  /** In clear. */
  vaultSecrets: readonly VaultSecret[];
  /** Schemas that aren't the app's. */
  otherSchemas: string[];
}

/** Parts that were stored, and what the configuration among them lacks. */
export interface StoredParts {
  parts: BackupPart[];
  missing: MissingPart[];
}

/** Reads what the parts need from the leading session. */
export async function readScripts(session: Session, vaultSecrets: readonly VaultSecret[]): Promise<PartScripts> {
  const { script, leftOut } = await rolesScript(session);
  return {
    vaultSecrets,
    roles: script,
    leftOut,
    managedObjects: await managedObjectsScript(session),
    heldBack: await readHeldBack(session),
    otherSchemas: await listOtherSchemas(session),
  };
}

/** Definitions, rights and large objects, as far as this kind of backup holds them. */
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

/** The parts that no dump is needed for, as far as this kind of backup holds them. */
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

/** Collects the configuration, if its sources are named, and stores it. */
export async function storeConfiguration(
  place: RunPlace,
  configuration: (() => Promise<unknown>) | undefined,
  signal: AbortSignal,
): Promise<StoredParts> {
  if (configuration === undefined) return { parts: [], missing: [] };
  const collected = await configuration();
  const part = await storeText(place, "configuration.json", JSON.stringify(collected, undefined, 1), signal);
  return { parts: [part], missing: missingIn(collected) };
}

async function storeDump(
  reading: Reading,
  address: DatabaseAddress,
  name: PartName,
  selection: readonly string[],
  signal: AbortSignal,
): Promise<BackupPart> {
  const dump = startPgTool("pg_dump", {
    args: [
      "--format=custom",
      "--compress=none",
      `--snapshot=${reading.snapshotId}`,
      // A lock that is asked for behind ours makes the app wait: give way after this time.
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
  // An upload that ends well means nothing while the dump may have failed half-way: both must say so.
  const [part] = await Promise.all([store(reading, name, dump.stdout, signal, dump.done), dump.done]);
  return part;
}
