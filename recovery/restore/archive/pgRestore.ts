import { type RunningPgTool, runPgTool, startPgTool } from "../../postgres/programs/pgTools.ts";
import type { Session } from "../../postgres/session/database.ts";
import { openPrivateFile, type PrivateFile } from "../../vault/privateFile.ts";
import { chooseEntries, chooseRights, readTargetFacts, type RightsChoice } from "./archiveEntries.ts";
import { withoutNewSettings } from "./olderSyntax.ts";

/** What is asked of pg_restore, which writes SQL: it never connects by itself, since a pooler passes none of its settings on. */
export interface PgRestoreOptions {
  session: Session;
  applicationName: string;
  dump: PrivateFile;
  args: readonly string[];
  /** Not what the archive defines but who may do what with it. */
  onlyRights?: RightsChoice;
  /** Set where the restoring role may make no event triggers, and the restore does without. */
  withoutEventTriggers?: boolean | undefined;
  signal: AbortSignal;
}

/** What pg_restore would run, as SQL, and the list of the entries that it was made of. */
export async function restoreScript(options: PgRestoreOptions): Promise<{ sql: string; list: string }> {
  return await writingSql(options, async (tool, list) => {
    const chunks: Buffer[] = [];
    for await (const chunk of tool.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
    await tool.done;
    return { sql: withoutNewSettings(Buffer.concat(chunks).toString("utf8"), options.session.serverMajor), list };
  });
}

/**
 * Such a script without the two commands to psql that it is framed by. Only those two: a comment or a function may hold a line
 * that looks like one.
 */
export function withoutPsql(sql: string): string {
  const word = /^\\restrict (\S+)$/m.exec(sql)?.[1];
  return word === undefined ? sql : sql.replaceAll(new RegExp(`^\\\\(?:un)?restrict ${word}$`, "gm"), "");
}

/** Does work with what pg_restore writes of the entries that the target can take, and with their list. */
export async function writingSql<T>(
  options: PgRestoreOptions,
  work: (tool: RunningPgTool, list: string) => Promise<T>,
): Promise<T> {
  const { session, applicationName, dump, signal } = options;
  const all = await listingOf(options);
  const { onlyRights, withoutEventTriggers } = options;
  const list =
    onlyRights === undefined
      ? chooseEntries(all, { ...(await readTargetFacts(session)), takesEventTriggers: withoutEventTriggers !== true })
      : chooseRights(all, onlyRights);
  const chosen = await openPrivateFile();
  try {
    await chosen.handle.writeFile(list);
    const tool = startPgTool("pg_restore", {
      args: [
        // The restoring role owns all that it makes; owners other than it are set afterwards, from the backup's own list.
        "--no-owner",
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

/** Every entry of an archive and what it depends on, as pg_restore lists them; it is asked once for each. */
async function listingOf({ dump, applicationName, signal }: PgRestoreOptions): Promise<string> {
  const known = listings.get(dump);
  if (known !== undefined) return await known;
  const args = ["--list", "--verbose", dump.pathFor(3)];
  const listing = runPgTool("pg_restore", { args, files: [dump.handle.fd], applicationName, signal });
  listings.set(dump, listing);
  return await listing;
}
