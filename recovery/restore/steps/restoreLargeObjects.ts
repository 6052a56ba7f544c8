import { withSession } from "../../postgres/session/database.ts";
import { withoutNewSettings } from "../archive/olderSyntax.ts";
import { type PgRestoreOptions, withoutPsql, writingSql } from "../archive/pgRestore.ts";

/** So much SQL is sent at once. */
const BATCH_CHARACTERS = 1_000_000;
/** Between two pieces of a large object; nothing else of an archive without rows is long. */
const BETWEEN_PIECES = "');\nSELECT pg_catalog.lowrite(0, '";

/** Brings the archive's large objects, which may be of any size: a piece is sent before the next one is read. */
export async function restoreLargeObjects(options: LargeObjectsOptions): Promise<void> {
  const { session, targetUrl, applicationName, signal } = options;
  const sectioned = { ...options, args: ["--section=data"] };
  await withSession(targetUrl, { applicationName, signal, lockTimeoutMs: 0, timing: session.timing }, async (own) => {
    await own.query("set synchronous_commit = off");
    await writingSql(sectioned, async (tool) => {
      let waiting = "";
      let clean = (head: string) => withoutNewSettings(withoutPsql(head), session.serverMajor);
      const send = async (sql: string) => {
        await own.query(clean(sql));
        clean = (rest) => rest;
      };
      tool.stdout.setEncoding("utf8");
      for await (const text of tool.stdout as AsyncIterable<string>) {
        waiting += text;
        const end = waiting.length < BATCH_CHARACTERS ? -1 : waiting.lastIndexOf(BETWEEN_PIECES);
        if (end === -1) continue;
        const cut = end + BETWEEN_PIECES.indexOf("\n") + 1;
        await send(waiting.slice(0, cut));
        waiting = waiting.slice(cut);
      }
      await tool.done;
      await send(waiting.replace(/^\\unrestrict \S+\n*(?![^])/m, ""));
    });
  });
}

/** Where large objects are brought. */
export interface LargeObjectsOptions extends Omit<PgRestoreOptions, "args" | "onlyRights"> {
  targetUrl: string;
}
