import type { Duplex, Writable } from "node:stream";

import type { Connection, Submittable } from "pg";

import { BINARY_HEADER, BINARY_TRAILER, type CopyFormat, sendQuery } from "./copyFormat.ts";

/** Bytes of one message: large enough for few messages, small enough for a socket's buffer. */
const MESSAGE_BYTES = 256 * 1024;
const COPY_DATA = 0x64; // d

/**
 * A COPY … FROM STDIN that `pg` runs as a query, with the given rows as its whole input. Binary rows come without header and trailer. It
 * writes straight to the socket, since the driver would copy each message once more.
 */
export class CopyIn implements Submittable {
  readonly #sql: string;
  readonly #rows: Buffer;
  readonly #format: CopyFormat;
  readonly #done = Promise.withResolvers<undefined>();
  readonly done: Promise<void> = this.#done.promise;
  #ended = false;

  constructor(sql: string, rows: Buffer, format: CopyFormat = "text") {
    this.#sql = sql;
    this.#rows = rows;
    this.#format = format;
  }

  submit(connection: Connection): void {
    sendQuery(connection, this.#sql);
  }

  handleCopyInResponse(connection: Connection & { endCopyFrom(): void }): void {
    this.#send(connection.stream)
      .then(() => {
        if (!this.#ended) connection.endCopyFrom();
      })
      .catch((error: unknown) => this.handleError(error as Error));
  }

  async #send(stream: Duplex): Promise<void> {
    const isBinary = this.#format === "binary";
    if (isBinary) sendMessage(stream, BINARY_HEADER);
    for (let at = 0; at < this.#rows.length && !this.#ended; at += MESSAGE_BYTES) {
      const goesOn = sendMessage(stream, this.#rows.subarray(at, at + MESSAGE_BYTES));
      if (!goesOn) await drainedOrClosed(stream);
    }
    if (isBinary && !this.#ended) sendMessage(stream, BINARY_TRAILER);
  }

  handleError(error: Error): void {
    this.#ended = true;
    this.#done.reject(error);
  }

  handleReadyForQuery(): void {
    this.#ended = true;
    this.#done.resolve(undefined);
  }

  handleCommandComplete(): void {
    // Only the commit of the transaction counts.
  }
}

/** Returns false if the socket's buffer is full. */
function sendMessage(stream: Duplex, payload: Buffer): boolean {
  const header = Buffer.alloc(5);
  header[0] = COPY_DATA;
  header.writeInt32BE(payload.length + 4, 1);
  stream.cork();
  stream.write(header);
  const goesOn = stream.write(payload);
  stream.uncork();
  return goesOn;
}

/** Waits until a stream that is full takes more, or is closed. */
export async function drainedOrClosed(stream: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      stream.off("drain", done).off("close", done);
      resolve();
    };
    stream.once("drain", done).once("close", done);
    if (stream.closed) done();
  });
}
