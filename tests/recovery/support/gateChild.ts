import { closeGate, openGate } from "../../../recovery/gate/writeGate.ts";
import { withSession } from "../../../recovery/postgres/session/database.ts";
import { type KillAt, sayUntilKilled } from "./killing.ts";

/** Closes or opens the gate in a process of its own, so that a test can kill it. Prints when it has a connection. */
const { what, url, killAt } = JSON.parse(process.argv[2] ?? "") as { what: string; url: string; killAt: KillAt };
await withSession(url, { applicationName: "castchat-recovery test child" }, async (session) => {
  sayUntilKilled(killAt)("connected");
  if (what === "close") await closeGate(session, { holder: "writes stop", level: "writes" });
  else await openGate(session, "writes stop");
});
