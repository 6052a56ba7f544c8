import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { BackupSource } from "./backupSource.ts";
import { decompress } from "./compression.ts";
import { type PartName, partOf } from "./manifest.ts";
import { openPrivateFile, type PrivateFile } from "./privateFile.ts";
import { readPart, readPlain } from "./readPart.ts";

/**
 * Downloads a dump into a private file, decompressed. Nothing is decompressed before the whole download has passed its SHA-256: a swapped
 * object could fill the disk.
 */
export async function fetchDump(source: BackupSource, name: PartName, signal: AbortSignal): Promise<PrivateFile> {
  const packed = await openPrivateFile();
  try {
    const content = await readPart(source, partOf(source.manifest, name), signal);
    await pipeline(content, (pieces) => packed.handle.writeFile(pieces), { signal });
    const packedContent = packed.handle.createReadStream({ start: 0, autoClose: false });
    return await unpacked(packedContent, signal);
  } finally {
    await packed.remove();
  }
}

async function unpacked(packed: Readable, signal: AbortSignal): Promise<PrivateFile> {
  const file = await openPrivateFile();
  try {
    await pipeline(packed, decompress(), (plain) => file.handle.writeFile(plain), { signal });
    return file;
  } catch (error) {
    await file.remove();
    throw error;
  }
}

/** Downloads a small part as text, checked. */
export async function fetchText(source: BackupSource, name: PartName, signal: AbortSignal): Promise<string> {
  return (await readPlain(source, partOf(source.manifest, name), signal)).toString("utf8");
}
