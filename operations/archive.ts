import type { Readable, Writable } from "node:stream";
import { startPgTool } from "../clients/pgTools.ts";
import { tableName } from "./quote.ts";

const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const NAME = '("(?:[^"]|"")*"|[^\\s".(]+)';
const COPY = new RegExp(`^COPY ${NAME}\\.${NAME} .*FROM stdin;$`);

/**
 * Reads a pg_dump archive to its end and counts the rows of each table in it, by "schema.table" ({@link tableName}).
 * It is pg_restore that parses, so an archive which passes is one that it can restore. Any damage is an error.
 */
export async function countArchivedRows(archive: Readable, signal?: AbortSignal): Promise<Map<string, number>> {
  const tool = startPgTool("pg_restore", {
    args: ["--data-only", "--file=-"],
    applicationName: "castchat-recovery verify",
    signal,
  });
  const counter = new CopyCounter();
  const feeding = feed(archive, tool.stdin);
  const counting = (async () => {
    for await (const chunk of tool.stdout as AsyncIterable<Buffer>) counter.read(chunk);
  })();
  const [fed, , ended] = await Promise.allSettled([feeding, counting, tool.done]);
  signal?.throwIfAborted();
  // What is wrong with the input (a wrong hash, bad compression) says more than that pg_restore then misses its end.
  if (fed.status === "rejected") throw fed.reason;
  if (ended.status === "rejected") throw ended.reason;
  return counter.rows;
}

/** Feeds a program. One that needs no more (the last bytes of an archive are none of its data) still gets all of it read. */
async function feed(source: Readable, program: Writable): Promise<void> {
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      if (program.writable && !program.write(chunk)) await drainedOrClosed(program);
    }
  } finally {
    program.end();
  }
}

async function drainedOrClosed(program: Writable): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      program.off("drain", done).off("close", done);
      resolve();
    };
    program.once("drain", done).once("close", done);
    if (program.closed) done();
  });
}

/**
 * Counts the lines between "COPY … FROM stdin;" and "\." as they pass by in chunks of any size: COPY text escapes a newline
 * in a value, so a line is a row.
 */
export class CopyCounter {
  readonly rows = new Map<string, number>();
  /** The table whose rows pass by. */
  #table: string | undefined;
  /** The begin of a line that is no row, byte for byte: a chunk may end within a character. */
  #rest = "";
  /** The first two bytes of a row's line where a chunk ended within it; they decide whether it is the end mark. */
  #head = "";
  #count = 0;

  read(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      if (this.#table === undefined) this.#statement(this.#rest + chunk.toString("latin1", start, end));
      else this.#row(chunk, start, end);
      this.#rest = "";
      this.#head = "";
      start = end + 1;
    }
    if (this.#table === undefined) this.#rest += chunk.toString("latin1", start);
    else if (this.#head.length < 3) this.#head += chunk.toString("latin1", start, Math.min(chunk.length, start + 3));
  }

  #statement(line: string): void {
    const [, schema, name] = COPY.exec(Buffer.from(line, "latin1").toString("utf8")) ?? [];
    if (schema === undefined || name === undefined) return;
    this.#table = tableName({ schema: unquoted(schema), name: unquoted(name) });
    this.#count = 0;
  }

  #row(chunk: Buffer, start: number, end: number): void {
    // Nearly every row is decided without making a string of it.
    const isEnd =
      this.#head === ""
        ? end - start === 2 && chunk[start] === BACKSLASH && chunk[start + 1] === DOT
        : this.#head + chunk.toString("latin1", start, end) === "\\.";
    if (!isEnd) {
      this.#count += 1;
      return;
    }
    if (this.#table !== undefined) this.rows.set(this.#table, (this.rows.get(this.#table) ?? 0) + this.#count);
    this.#table = undefined;
  }
}

function unquoted(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name;
}
