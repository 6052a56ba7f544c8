import type { PrivateFile } from "../../vault/privateFile.ts";
import { withoutNewSettings } from "../archive/olderSyntax.ts";
import { withoutPsql, writingSql } from "../archive/pgRestore.ts";
import { inOwnSession, type Restoring } from "../run/restoring.ts";

/** How much SQL is sent at once. */
const BATCH_CHARACTERS = 1_000_000;
/** The text between two pieces of a large object. Nothing else of an archive without rows is long. */
const BETWEEN_PIECES = "');\nSELECT pg_catalog.lowrite(0, '";

/** Restores the archive's large objects, of any size: each piece is sent before the next one is read. */
export async function restoreLargeObjects(restoring: Restoring, dump: PrivateFile): Promise<void> {
  const { session, signal } = restoring;
  await inOwnSession(restoring, { signal, lockTimeoutMs: 0 }, async (own) => {
    await writingSql({ ...restoring, dump, args: ["--section=data"] }, async (tool) => {
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
