import { withSession } from "../../../clients/database.ts";
import { closeGate, openGate } from "../../../operations/gate/writeGate.ts";

/** Closes or opens the gate in a process of its own, so that a test can kill it. Says when it has a connection. */
const [what, url = ""] = process.argv.slice(2);
await withSession(url, { applicationName: "castchat-recovery test child" }, async (session) => {
  process.stdout.write("connected\n");
  if (what === "close") await closeGate(session, { holder: "writes stop", level: "writes" });
  else await openGate(session, "writes stop");
});
