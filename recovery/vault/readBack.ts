import { createHash } from "node:crypto";
import { type Duplex, type Readable, Transform, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { PromiseError, UserError } from "../../services/common/errors.ts";
import { pool } from "../../services/common/pool.ts";
import { parseHeldBack } from "../postgres/catalog/heldBack.ts";
import { parseVaultSecrets } from "../postgres/catalog/vaultSecrets.ts";
import { tableKey, tableName } from "../postgres/session/quote.ts";
import { checkArchive } from "./archive.ts";
import { type BackupSource, canOpen } from "./backupSource.ts";
import { decompress } from "./compression.ts";
import type { BackupChunk, BackupFile, BackupPart, Manifest, PartName } from "./manifest.ts";
import { parseProject } from "./projectPart.ts";
import { checkSection, fetchChunk, readChunk, releaseSections } from "./readChunk.ts";
import { fetchPart, readPart, readPlain } from "./readPart.ts";
import { sumChunks } from "./tableContents.ts";

/** Chunks that are read at once: while one is checked, others are downloaded and decompressed. */
const READERS = 3;
/**
 * Files that are read at once. Most are small, and reading a hundred thousand of them one by one would take an hour.
 */
const FILE_READERS = 12;

/** What of a backup is read, and what happens at a fault. */
export interface ReadBackChoice {
  /** Whether an object is read. @default - all are */
  isWanted?: (key: string) => boolean;
  /** Receives each fault, and the next object is read. Without it the first fault is thrown. */
  onFault?: (fault: PromiseError) => void;
}

/**
 * Reads every object of a backup in full and checks it. Objects that cannot be decrypted are only checked against their
 * size and SHA-256.
 *
 * @throws PromiseError that names the object, if one is damaged
 */
export async function readBack(
  source: BackupSource,
  signal: AbortSignal = new AbortController().signal,
  choice: ReadBackChoice = {},
): Promise<void> {
  const { manifest } = source;
  const { isWanted = () => true } = choice;
  const wanted = <T extends { key: string }>(objects: readonly T[]) => objects.filter(({ key }) => isWanted(key));
  for (const fault of faultsOfTotals(manifest)) await reportingFault(choice, () => Promise.reject(fault));
  for (const part of wanted(manifest.parts)) await reportingFault(choice, () => checkPart(source, part, signal));
  const eachOf = async <T>(
    objects: readonly T[],
    readers: number,
    check: (object: T, inner: AbortSignal) => Promise<void>,
  ) => {
    await pool(objects, readers, (object, inner) => reportingFault(choice, () => check(object, inner)), signal);
  };
  await eachOf(wanted(manifest.files), FILE_READERS, (file, inner) => checkFile(source, file, inner));
  await eachOf(wanted(manifest.chunks), READERS, (chunk, inner) => checkChunk(source, chunk, inner));
}

/** Reports a PromiseError to `onFault` if there is one. Any other error stops reading. */
async function reportingFault({ onFault }: ReadBackChoice, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (onFault === undefined || !(error instanceof PromiseError)) throw error;
    onFault(error);
  }
}

/** Tables whose chunks together differ from what the manifest says of them. */
function faultsOfTotals(manifest: Manifest): PromiseError[] {
  const sums = sumChunks(manifest.chunks);
  const faults: string[] = [];
  for (const table of manifest.tables) {
    const found = sums.get(tableKey(table));
    sums.delete(tableKey(table));
    const [rows, sum] = found === undefined ? [0, table.fingerprint] : [found.sum.rows, found.sum.toString()];
    if (rows === table.rows && sum === table.fingerprint) continue;
    faults.push(
      rows === table.rows
        ? `the chunks hold other content in the ${rows} rows of ${tableName(table)} than the database had`
        : `the chunks hold ${rows} rows of ${tableName(table)}, the database had ${table.rows}`,
    );
  }
  faults.push(
    ...[...sums.keys()].map((stray) => `the chunks hold rows of ${stray}, which is not a table of the backup`),
  );
  return faults.map((fault) => new PromiseError(fault));
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
  "configuration.json": parseConfiguration,
};

function parseConfiguration(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // The parser's own message would quote what it could not read.
    throw new PromiseError("the configuration is not in a form that is understood");
  }
}

async function checkPart(source: BackupSource, part: BackupPart, signal: AbortSignal): Promise<void> {
  if (!canOpen(source)) {
    await drain(await fetchPart(source, part, signal));
    return;
  }
  const parse = PARSERS[part.name];
  if (parse !== undefined) {
    await damaged(
      part,
      readPlain(source, part, signal).then((plain) => parse(plain.toString("utf8"))),
    );
    return;
  }
  const content = await readPart(source, part, signal);
  if (!ARCHIVES.includes(part.name)) {
    await damaged(part, drain(content, decompress()));
    return;
  }
  const plain = decompress();
  const [fed, parsed] = await Promise.allSettled([pipeline(content, plain), checkArchive(plain, signal)]);
  signal.throwIfAborted();
  if (fed.status === "rejected" && fed.reason instanceof PromiseError) throw fed.reason;
  if (parsed.status === "rejected") await damaged(part, Promise.reject(parsed.reason as Error));
  if (fed.status === "rejected") throw fed.reason;
}

async function checkFile(source: BackupSource, file: BackupFile, signal: AbortSignal): Promise<void> {
  if (!canOpen(source)) {
    await drain(await fetchPart(source, file, signal));
    return;
  }
  const hash = createHash("sha256");
  let contentBytes = 0;
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      contentBytes += chunk.length;
      done(null, chunk);
    },
  });
  await drain(await readPart(source, file, signal), measure);
  if (contentBytes === file.contentBytes && hash.digest("hex") === file.contentSha256) return;
  throw new PromiseError(`${file.key} is damaged: it does not hold ${file.name} as it was read`);
}

async function drain(...streams: [Readable, ...Duplex[]]): Promise<void> {
  await pipeline([...streams, new Writable({ write: (_chunk, _encoding, done) => done() })]);
}

/** Names the part in an error of decompression or parsing. */
async function damaged<T>(part: BackupPart, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const isNamed = error instanceof PromiseError && error.message.startsWith(part.key);
    if (isNamed || error instanceof UserError) throw error;
    throw new PromiseError(`${part.key} is damaged: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
