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
    this.#send(connection).catch((error: unknown) => this.handleError(error as Error));
  }

  /** A small table's rows go to the socket at once, with all that belongs to them. */
  async #send(connection: Connection & { endCopyFrom(): void }): Promise<void> {
    const { stream } = connection;
    const isBinary = this.#format === "binary";
    stream.cork();
    try {
      if (isBinary) sendMessage(stream, BINARY_HEADER);
      for (let at = 0; at < this.#rows.length && !this.#ended; at += MESSAGE_BYTES) {
        const goesOn = sendMessage(stream, this.#rows.subarray(at, at + MESSAGE_BYTES));
        if (goesOn) continue;
        stream.uncork();
        await drainedOrClosed(stream);
        stream.cork();
      }
      if (this.#ended) return;
      if (isBinary) sendMessage(stream, BINARY_TRAILER);
      connection.endCopyFrom();
    } finally {
      stream.uncork();
    }
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

/** Returns false if the socket's buffer is full. The stream is corked, so that both parts go together. */
function sendMessage(stream: Duplex, payload: Buffer): boolean {
  const header = Buffer.alloc(5);
  header[0] = COPY_DATA;
  header.writeInt32BE(payload.length + 4, 1);
  stream.write(header);
  return stream.write(payload);
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
