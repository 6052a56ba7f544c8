import { type RunningPgTool, runPgTool, startPgTool } from "../../postgres/programs/pgTools.ts";
import type { Session } from "../../postgres/session/database.ts";
import { openPrivateFile, type PrivateFile } from "../../vault/privateFile.ts";
import { chooseEntries, chooseRights, readTargetFacts, type RightsChoice } from "./archiveEntries.ts";
import { withoutNewSettings } from "./olderSyntax.ts";

/** What pg_restore writes as SQL. It never connects by itself, since a pooler passes on none of its settings. */
export interface PgRestoreOptions {
  session: Session;
  applicationName: string;
  dump: PrivateFile;
  args: readonly string[];
  /** Each entry ends with the statement that sets its owner (entryOwners.ts). */
  withOwners?: boolean;
  /** Only rights, without the definitions. */
  onlyRights?: RightsChoice;
  /** Leaves event triggers out, since the restoring role may not make any. */
  withoutEventTriggers?: boolean | undefined;
  /** Leaves user mappings out: their passwords, and so every connection that postgres_fdw could make. */
  isTest?: boolean | undefined;
  signal: AbortSignal;
}

/** The SQL that pg_restore would run, and the list of its entries. */
export async function restoreScript(options: PgRestoreOptions): Promise<{ sql: string; list: string }> {
  return await writingSql(options, async (tool, list) => {
    const chunks: Buffer[] = [];
    for await (const chunk of tool.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
    await tool.done;
    return { sql: withoutNewSettings(Buffer.concat(chunks).toString("utf8"), options.session.serverMajor), list };
  });
}

/** A script without the two psql commands that enclose it. Only those two: a comment or a function may contain a line that looks like one. */
export function withoutPsql(sql: string): string {
  const word = /^\\restrict (\S+)$/m.exec(sql)?.[1];
  return word === undefined ? sql : sql.replaceAll(new RegExp(`^\\\\(?:un)?restrict ${word}$`, "gm"), "");
}

/** Does work with pg_restore's output for the entries that the target can take, and with their list. */
export async function writingSql<T>(
  options: PgRestoreOptions,
  work: (tool: RunningPgTool, list: string) => Promise<T>,
): Promise<T> {
  const { session, applicationName, dump, signal } = options;
  const all = await listingOf(options);
  const { onlyRights, withoutEventTriggers, isTest } = options;
  const takes = { takesEventTriggers: withoutEventTriggers !== true, takesUserMappings: isTest !== true };
  const list =
    onlyRights === undefined
      ? chooseEntries(all, { ...(await readTargetFacts(session)), ...takes })
      : chooseRights(all, onlyRights);
  const chosen = await openPrivateFile();
  try {
    await chosen.handle.writeFile(list);
    const tool = startPgTool("pg_restore", {
      args: [
        // The restoring role owns all that it makes, until owners are set.
        ...(options.withOwners === true ? [] : ["--no-owner"]),
        "--no-tablespaces",
        "--file=-",
        `--use-list=${chosen.pathFor(4)}`,
        ...options.args,
        dump.pathFor(3),
      ],
      files: [dump.handle.fd, chosen.handle.fd],
      applicationName,
      signal,
    });
    tool.stdin.end();
    try {
      return await work(tool, list);
    } finally {
      tool.kill();
    }
  } finally {
    await chosen.remove();
  }
}

const listings = new WeakMap<PrivateFile, Promise<string>>();

/** Every entry of an archive and what it depends on, as pg_restore lists them once for each archive. */
async function listingOf({ dump, applicationName, signal }: PgRestoreOptions): Promise<string> {
  const known = listings.get(dump);
  if (known !== undefined) return await known;
  const args = ["--list", "--verbose", dump.pathFor(3)];
  const listing = runPgTool("pg_restore", { args, files: [dump.handle.fd], applicationName, signal });
  listings.set(dump, listing);
  return await listing;
}
