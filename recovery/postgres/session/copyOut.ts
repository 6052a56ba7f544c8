import type { Duplex } from "node:stream";

import type { Connection, Submittable } from "pg";

import { release } from "../../../services/common/releaseMemory.ts";
import { BINARY_HEADER, BINARY_TRAILER, type CopyFormat, sendQuery } from "./copyFormat.ts";

/**
 * Receives the rows of a COPY … TO STDOUT: lines, or tuples without header and trailer. All calls but `full` are synchronous and must not
 * block.
 */
export interface CopySink {
  /** Bytes `start` to `end` of a row. The buffer belongs to the socket and is reused afterwards. */
  write(bytes: Buffer, start: number, end: number): void;
  /** The row is complete, including a line's newline. */
  endOfRow(): void;
  /** Called regularly. A promise pauses the reading until it settles. */
  full(): Promise<void> | undefined;
}

const HEADER_BYTES = 5;
const COPY_DATA = 0x64; // d
const COPY_OUT_RESPONSE = 0x48; // H
const COPY_DONE = 0x63; // c

const isOfCopy = (type: number | undefined) => type === COPY_DATA || type === COPY_OUT_RESPONSE || type === COPY_DONE;

type Listener = (bytes: Buffer) => void;

/**
 * A COPY … TO STDOUT that `pg` runs as a query. The driver would create an object and an event for every row, which costs more than the
 * server's work. So this class reads the socket itself while rows come, and hands it back at the first message that does not belong to the
 * copy.
 */
export class CopyOut implements Submittable {
  readonly #sql: string;
  readonly #sink: CopySink;
  readonly #done = Promise.withResolvers<undefined>();
  readonly done: Promise<void> = this.#done.promise;
  /** Bytes of a binary copy's header that come with its first row, and length of its trailer, which no row is as short as. */
  #headerLeft: number;
  readonly #trailer: number;
  #stream: Duplex | undefined;
  #owners: Listener[] = [];
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  /** What is left of the message's payload, whether it is a row's, and how much of it comes before that row. */
  #left = 0;
  #isRow = false;
  #before = 0;
  #failed = false;

  constructor(sql: string, sink: CopySink, format: CopyFormat = "text") {
    this.#sql = sql;
    this.#sink = sink;
    this.#headerLeft = format === "binary" ? BINARY_HEADER.length : 0;
    this.#trailer = format === "binary" ? BINARY_TRAILER.length : 0;
  }

  submit(connection: Connection): void {
    this.#stream = connection.stream;
    this.#owners = this.#stream.listeners("data") as Listener[];
    this.#stream.removeAllListeners("data").on("data", this.#read);
    sendQuery(connection, this.#sql);
  }

  readonly #read = (bytes: Buffer): void => {
    try {
      // A socket's bytes are its own; what the driver gets may be kept by it.
      if (this.#parse(bytes)) release(bytes);
    } catch (error) {
      this.#fail(error as Error);
    }
  };

  /** Returns whether all bytes were consumed. */
  #parse(bytes: Buffer): boolean {
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const end = Math.min(bytes.length, at + this.#left);
        this.#left -= end - at;
        if (this.#isRow) {
          const passed = Math.min(this.#before, end - at);
          this.#before -= passed;
          this.#sink.write(bytes, at + passed, end);
          if (this.#left === 0) this.#sink.endOfRow();
        }
        at = end;
        continue;
      }
      if (this.#headerBytes === 0 && bytes.length - at >= HEADER_BYTES) {
        // Nearly every header lies in one chunk.
        const type = bytes[at];
        if (!isOfCopy(type)) {
          this.#handBack(bytes.subarray(at));
          return false;
        }
        this.#beginMessage(type, bytes.readInt32BE(at + 1) - 4);
        at += HEADER_BYTES;
        continue;
      }
      this.#header[this.#headerBytes++] = bytes.readUInt8(at++);
      if (this.#headerBytes < HEADER_BYTES) continue;
      this.#headerBytes = 0;
      const type = this.#header[0];
      if (!isOfCopy(type)) {
        this.#handBack(Buffer.concat([this.#header, bytes.subarray(at)]));
        return true;
      }
      this.#beginMessage(type, this.#header.readInt32BE(1) - 4);
    }
    this.#pauseWhileFull();
    return true;
  }

  #beginMessage(type: number | undefined, length: number): void {
    this.#left = length;
    this.#isRow = type === COPY_DATA && length - this.#headerLeft > this.#trailer;
    if (type !== COPY_DATA) return;
    this.#before = this.#headerLeft;
    this.#headerLeft = 0;
  }

  #pauseWhileFull(): void {
    const wait = this.#sink.full();
    if (wait === undefined) return;
    this.#stream?.pause();
    wait.then(
      () => this.#stream?.resume(),
      (error: unknown) => this.#fail(error as Error),
    );
  }

  /** Hands the socket back to the driver, with the bytes that it has not seen yet. */
  #handBack(rest: Buffer): void {
    const owners = this.#release();
    for (const owner of owners) owner(rest);
  }

  #release(): Listener[] {
    const owners = this.#owners;
    this.#owners = [];
    this.#stream?.off("data", this.#read);
    for (const owner of owners) this.#stream?.on("data", owner);
    return owners;
  }

  /** The remaining rows have no reader, so the connection is unusable. */
  #fail(error: Error): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#release();
    this.#done.reject(error);
    this.#stream?.destroy();
  }

  /** A row after a notice, which the driver reads. */
  handleCopyData(message: { chunk: Buffer }): void {
    this.#beginMessage(COPY_DATA, message.chunk.length);
    this.#left = 0;
    if (!this.#isRow) return;
    this.#sink.write(message.chunk, this.#before, message.chunk.length);
    this.#sink.endOfRow();
    this.#pauseWhileFull();
  }

  handleError(error: Error): void {
    this.#release();
    this.#failed = true;
    this.#done.reject(error);
  }

  handleReadyForQuery(): void {
    this.#done.resolve(undefined);
  }

  handleCommandComplete(): void {
    // The rows were counted as they came.
  }
}
