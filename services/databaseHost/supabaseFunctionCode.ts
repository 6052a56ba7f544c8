import { hash } from "node:crypto";
import { brotliDecompressSync } from "node:zlib";

/** Begins a bundle that is compressed. Source: https://github.com/supabase/cli, pkg/function/bundle.go (`compressedEszipMagicID`). */
const COMPRESSED = "EZBR";
/** The most bytes of a decompressed bundle: far above Supabase's limit of a function's size. */
const MOST_BYTES = 256 * 2 ** 20;

/** Forms of a bundle, with whether options say how its parts are checked. Source: the crate eszip (https://docs.rs/eszip, `v2`). */
const OPTIONS_SINCE = new Map([
  ["ESZIP_V2", false],
  ["ESZIP2.1", false],
  ["ESZIP2.2", true],
  ["ESZIP2.3", true],
]);
const SHA256_BYTES = 32;
/** Bytes of a checksum, by the number of its kind: none, SHA-256, xxHash3. */
const CHECKSUM_BYTES = [0, SHA256_BYTES, 8];
const [MODULE, REDIRECT, NPM] = [0, 1, 2];

/**
 * Identifies the code in a function's body. Bodies that differ only in their encoding have the same digest: the CLI compresses a bundle
 * before the upload, the platform returns it decompressed, and a bundle may be written in several ways. A body of another form is
 * identified by its bytes.
 *
 * @returns SHA-256, hexadecimal
 */
export function functionCodeDigest(body: Buffer): string {
  const plain = decompressed(body);
  return hash("sha256", modulesIn(plain)?.sort().join("\n") ?? plain);
}

function decompressed(body: Buffer): Buffer {
  if (body.toString("latin1", 0, COMPRESSED.length) !== COMPRESSED) return body;
  try {
    return brotliDecompressSync(body.subarray(COMPRESSED.length), { maxOutputLength: MOST_BYTES });
  } catch (error) {
    // Not such a bundle after all, or a damaged one: its bytes identify it.
    if ((error as NodeJS.ErrnoException).code?.startsWith("ERR_") === true) return body;
    throw error;
  }
}

/** A line for each module: its name, kind and content. Undefined for bytes of another form. Source maps are no code. */
function modulesIn(body: Buffer): string[] | undefined {
  const hasOptions = OPTIONS_SINCE.get(body.toString("latin1", 0, 8));
  if (hasOptions === undefined) return undefined;
  try {
    return readModules(body, hasOptions);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function readModules(body: Buffer, hasOptions: boolean): string[] {
  const reader = new Reader(body, 8);
  let checksumBytes = SHA256_BYTES;
  if (hasOptions) {
    const options = reader.section();
    const option = (wanted: number) => options.findLast((_, at) => at % 2 === 1 && options[at - 1] === wanted);
    checksumBytes = option(1) ?? CHECKSUM_BYTES[option(0) ?? 0] ?? 0;
    reader.take(checksumBytes);
  }
  const header = new Reader(reader.section(), 0);
  reader.take(checksumBytes);
  const npm = reader.section();
  reader.take(checksumBytes);
  const sources = reader.section();
  const modules = [`npm ${hash("sha256", npm)}`];
  while (!header.isAtEnd) {
    const name = JSON.stringify(header.section().toString("utf8"));
    const [kind] = header.take(1);
    if (kind === MODULE) {
      const [offset, length] = [header.number(), header.number()];
      header.take(8);
      const content = new Reader(sources, offset).take(length);
      modules.push(`module ${name} ${header.take(1)[0]} ${hash("sha256", content)}`);
    } else if (kind === REDIRECT) modules.push(`redirect ${name} ${JSON.stringify(header.section().toString("utf8"))}`);
    else if (kind === NPM) modules.push(`npm ${name} ${header.number()}`);
    else throw new RangeError(`unknown kind ${kind}`);
  }
  return modules;
}

/** Reads parts of a bundle one after the other. RangeError beyond the end. */
class Reader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("the bundle ends early");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  number(): number {
    return this.take(4).readUInt32BE(0);
  }

  /** A part with its length before it. */
  section(): Buffer {
    return this.take(this.number());
  }
}
