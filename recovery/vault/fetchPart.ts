import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import type { BackupSource } from "./backupSource.ts";
import { decompress } from "./compression.ts";
import { type PartName, partOf } from "./manifest.ts";
import { openPrivateFile, type PrivateFile } from "./privateFile.ts";
import { readPart, readPlain } from "./readPart.ts";

/**
 * Brings a dump into a private file, decompressed. Nothing is unpacked before all of it has passed its SHA-256: what lies in its place may
 * unpack to more than any disk holds, and the disk would be blamed.
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

/** A small part as text, checked. */
export async function fetchText(source: BackupSource, name: PartName, signal: AbortSignal): Promise<string> {
  return (await readPlain(source, partOf(source.manifest, name), signal)).toString("utf8");
}
