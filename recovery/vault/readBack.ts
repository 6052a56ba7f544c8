import { createHash } from "node:crypto";
import { type Duplex, type Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { z } from "zod";

import { PromiseError, UserError } from "../../services/common/errors.ts";
import { pool } from "../../services/common/pool.ts";
import { parseHeldBack } from "../postgres/catalog/heldBack.ts";
import { parseStored } from "../postgres/catalog/parseStored.ts";
import { parseVaultSecrets } from "../postgres/catalog/vaultSecrets.ts";
import { tableKey, tableName } from "../postgres/session/quote.ts";
import { checkArchive } from "./archive.ts";
import { type BackupSource, canOpen } from "./backupSource.ts";
import { decompress } from "./compression.ts";
import { parseEnvironment } from "./environmentPart.ts";
import type { BackupChunk, BackupFile, BackupPart, Manifest, PartName } from "./manifest.ts";
import { parseProject } from "./projectPart.ts";
import { checkSection, fetchChunk, readChunk, releaseSections } from "./readChunk.ts";
import { damaged, fetchPart, readPart, readPlain } from "./readPart.ts";
import { parseRepository } from "./repositoryPart.ts";
import { sumChunks } from "./tableContents.ts";
import { parseVariableValues } from "./variableValuesPart.ts";

/** Chunks that are read at once: while one is checked, others are downloaded and decompressed. */
const READERS = 3;
/** Files that are read at once. Most are small, and reading a hundred thousand of them one by one would take an hour. */
const FILE_READERS = 12;

/** What of a backup is read, and what happens at a fault. */
export interface ReadBackChoice {
  /** Whether an object is read. @default - all are */
  isWanted?: (key: string) => boolean;
  /** Receives each fault, and the next object is read. Without it the first fault is thrown. */
  onFault?: (fault: PromiseError) => void;
}

/**
 * Reads every object of a backup in full and checks it. Objects that cannot be decrypted are only checked against their size and SHA-256.
 *
 * @throws PromiseError that names the object, if one is damaged
 */
export async function readBack(
  source: BackupSource,
  signal: AbortSignal = new AbortController().signal,
  { isWanted = () => true, onFault }: ReadBackChoice = {},
): Promise<void> {
  const { manifest } = source;
  const reporting = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (onFault === undefined || !(error instanceof PromiseError)) throw error;
      onFault(error);
    }
  };
  const eachOf = async <T extends { key: string }>(
    objects: readonly T[],
    readers: number,
    check: (source: BackupSource, object: T, inner: AbortSignal) => Promise<void>,
  ) => {
    const wanted = objects.filter(({ key }) => isWanted(key));
    await pool(wanted, readers, (object, inner) => reporting(() => check(source, object, inner)), signal);
  };
  for (const fault of faultsOfTotals(manifest)) await reporting(() => Promise.reject(new PromiseError(fault)));
  await eachOf(manifest.parts, 1, checkPart);
  await eachOf(manifest.files, FILE_READERS, checkFile);
  await eachOf(manifest.chunks, READERS, checkChunk);
}

/** Tables whose chunks together differ from what the manifest says of them. */
function faultsOfTotals(manifest: Manifest): string[] {
  const sums = sumChunks(manifest.chunks);
  const faults = manifest.tables.flatMap((table) => {
    const { rows = 0, fingerprint = table.fingerprint } = sums.get(tableKey(table)) ?? {};
    sums.delete(tableKey(table));
    if (rows !== table.rows)
      return [`the chunks hold ${rows} rows of ${tableName(table)}, the database had ${table.rows}`];
    if (fingerprint === table.fingerprint) return [];
    return [`the chunks hold other content in the ${rows} rows of ${tableName(table)} than the database had`];
  });
  const strays = [...sums.keys()].map((key) => `the chunks hold rows of ${key}, which is not a table of the backup`);
  return [...faults, ...strays];
}

async function checkChunk(source: BackupSource, chunk: BackupChunk, signal: AbortSignal): Promise<void> {
  if (!canOpen(source)) {
    await fetchChunk(source, chunk, signal);
    return;
  }
  const sections = await readChunk(source, chunk, signal);
  for (const section of sections) checkSection(chunk, section);
  releaseSections(sections);
}

/** What pg_restore reads. */
const ARCHIVES: readonly PartName[] = ["schema.dump", "large-objects.dump"];

/** How a restore parses the small parts. */
const PARSERS: Partial<Record<PartName, (text: string) => unknown>> = {
  "held-back.json": parseHeldBack,
  "project.json": parseProject,
  "vault-secrets.json": parseVaultSecrets,
  "environment.json": parseEnvironment,
  "variable-values.json": parseVariableValues,
  "repository.json": parseRepository,
  "configuration.json": (text) => parseStored(z.unknown(), text, "the configuration is"),
};

async function checkPart(source: BackupSource, part: BackupPart, signal: AbortSignal): Promise<void> {
  if (!canOpen(source)) {
    await drain(await fetchPart(source, part, signal));
    return;
  }
  const parse = PARSERS[part.name];
  if (parse !== undefined) {
    await naming(part, async () => parse((await readPlain(source, part, signal)).toString("utf8")));
    return;
  }
  const content = await readPart(source, part, signal);
  const plain = decompress();
  if (!ARCHIVES.includes(part.name)) {
    await naming(part, () => drain(content, plain));
    return;
  }
  const [fed, parsed] = await Promise.allSettled([pipeline(content, plain), checkArchive(plain, signal)]);
  signal.throwIfAborted();
  if (fed.status === "rejected" && fed.reason instanceof PromiseError) throw fed.reason;
  if (parsed.status === "rejected") await naming(part, () => Promise.reject(parsed.reason as Error));
  if (fed.status === "rejected") throw fed.reason;
}

async function checkFile(source: BackupSource, file: BackupFile, signal: AbortSignal): Promise<void> {
  if (!canOpen(source)) {
    await drain(await fetchPart(source, file, signal));
    return;
  }
  const hash = createHash("sha256");
  let contentBytes = 0;
  for await (const piece of (await readPart(source, file, signal)) as AsyncIterable<Buffer>) {
    hash.update(piece);
    contentBytes += piece.length;
  }
  if (contentBytes === file.contentBytes && hash.digest("hex") === file.contentSha256) return;
  throw damaged(file.key, `it does not hold ${file.name} as it was read`);
}

async function drain(...streams: [Readable, ...Duplex[]]): Promise<void> {
  await pipeline([...streams, new Writable({ write: (_piece, _encoding, done) => done() })]);
}

/** Names the part in an error of decompression or parsing. */
async function naming(part: BackupPart, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isNamed = error instanceof PromiseError && error.message.startsWith(part.key);
    if (isNamed || error instanceof UserError) throw error;
    throw damaged(part.key, error instanceof Error ? error.message : String(error), error);
  }
}
