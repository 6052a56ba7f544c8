import { Readable, pipeline } from "node:stream";
import type { Session } from "../clients/database.ts";
import type { DatabaseAddress } from "../clients/databaseUrl.ts";
import { startPgTool } from "../clients/pgTools.ts";
import type { Vault } from "../clients/vault.ts";
import { listOtherSchemas } from "./catalog.ts";
import { compress } from "./compression.ts";
import { managedObjectsScript } from "./managedObjectsScript.ts";
import { keyOf, partObject } from "./manifest.ts";
import type { BackupPart, PartName } from "./manifest.ts";
import { quoteIdent } from "./quote.ts";
import { rolesScript } from "./rolesScript.ts";
import { together } from "./together.ts";

/** What the leading session reads for the parts, before the dumps begin: it takes one query at a time. */
export interface PartScripts {
  roles: string;
  managedObjects: string;
  /** Schemas that aren't the app's. */
  otherSchemas: string[];
}

/** What every part of a run shares. */
export interface PartContext {
  address: DatabaseAddress;
  /** Exported by the leading session, whose transaction stays open. */
  snapshotId: string;
  scripts: PartScripts;
  vault: Vault;
  /** The tier's, with the closing slash. */
  prefix: string;
  backupId: string;
  applicationName: string;
  lockUntil: Date | undefined;
  configuration: (() => Promise<unknown>) | undefined;
}

/** Reads what the parts need from the leading session. */
export async function readScripts(session: Session): Promise<PartScripts> {
  return {
    roles: await rolesScript(session),
    managedObjects: await managedObjectsScript(session),
    otherSchemas: await listOtherSchemas(session),
  };
}

/** Definitions, rights and large objects: everything but rows, which are copied apart (readTables.ts). */
export async function storeSchema(context: PartContext, signal: AbortSignal): Promise<BackupPart> {
  const others = context.scripts.otherSchemas.map((name) => `--exclude-schema=${quoteIdent(name)}`);
  return await storeDump(context, "schema.dump", ["--exclude-table-data=*.*", ...others], signal);
}

/** The parts that no dump is needed for. */
export async function storeScripts(context: PartContext, signal: AbortSignal): Promise<BackupPart[]> {
  const { scripts, configuration } = context;
  const works: ((inner: AbortSignal) => Promise<BackupPart>)[] = [
    (inner) => storeText(context, "roles.sql", scripts.roles, inner),
    (inner) => storeText(context, "managed-objects.sql", scripts.managedObjects, inner),
  ];
  if (configuration !== undefined) {
    works.push(async (inner) =>
      storeText(context, "configuration.json", JSON.stringify(await configuration(), undefined, 1), inner),
    );
  }
  return await together<BackupPart[]>(signal, ...works);
}

async function storeDump(
  context: PartContext,
  name: PartName,
  selection: readonly string[],
  signal: AbortSignal,
): Promise<BackupPart> {
  const dump = startPgTool("pg_dump", {
    args: [
      "--format=custom",
      "--compress=none",
      `--snapshot=${context.snapshotId}`,
      // A lock that is asked for behind ours makes the app wait: give way after this time.
      "--lock-wait-timeout=5000",
      "--no-password",
      "--no-tablespaces",
      "--no-subscriptions",
      "--no-security-labels",
      ...selection,
    ],
    address: context.address,
    applicationName: context.applicationName,
    signal,
  });
  dump.stdin.end();
  // An upload that ends well means nothing while the dump may have failed half-way: both must say so.
  const [part] = await Promise.all([store(context, name, dump.stdout, signal, dump.done), dump.done]);
  return part;
}

async function storeText(context: PartContext, name: PartName, text: string, signal: AbortSignal): Promise<BackupPart> {
  return await store(context, name, Readable.from([Buffer.from(text, "utf8")]), signal);
}

/** Compresses and uploads. `source` fails the upload where it rejects before the stream's end has been taken as complete. */
async function store(
  context: PartContext,
  name: PartName,
  content: Readable,
  signal: AbortSignal,
  source?: Promise<void>,
): Promise<BackupPart> {
  const key = keyOf(context.prefix, context.backupId, partObject(name));
  const compressed = compress();
  source?.catch((error: unknown) => compressed.destroy(error as Error));
  pipeline(content, compressed, () => undefined);
  const stored = await context.vault.put(key, compressed, {
    contentType: "application/zstd",
    lockUntil: context.lockUntil,
    signal,
  });
  return { name, key, sizeBytes: stored.sizeBytes, sha256: stored.sha256 };
}
