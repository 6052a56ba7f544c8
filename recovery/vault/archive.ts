import type { Readable, Writable } from "node:stream";

import { startPgTool } from "../postgres/programs/pgTools.ts";
import { drainedOrClosed } from "../postgres/session/copyIn.ts";

/** Reads a pg_dump archive to its end with pg_restore, so an archive that passes can be restored. Any damage is an error. */
export async function checkArchive(archive: Readable, signal?: AbortSignal): Promise<void> {
  const tool = startPgTool("pg_restore", { args: ["--file=-"], applicationName: "castchat-recovery verify", signal });
  tool.stdout.resume();
  const [fed, ended] = await Promise.allSettled([feed(archive, tool.stdin), tool.done]);
  signal?.throwIfAborted();
  // A fault of the input (a wrong hash, bad compression) says more than pg_restore's message that its input ended.
  if (fed.status === "rejected") throw fed.reason;
  if (ended.status === "rejected") throw ended.reason;
}

/** Feeds a program. pg_restore may stop reading before the archive's last bytes; the source is still read to its end. */
async function feed(source: Readable, program: Writable): Promise<void> {
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      if (program.writable && !program.write(chunk)) await drainedOrClosed(program);
    }
  } finally {
    program.end();
  }
}
