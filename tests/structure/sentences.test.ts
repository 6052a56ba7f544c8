import { describe, expect, it, jest } from "@jest/globals";

import { targetUrl } from "../../cli/commands/restore/source.ts";
import { requiredVariable } from "../../cli/stack/stackContext.ts";
import { confirmWith } from "../../cli/terminal/confirm.ts";
import { explanationOf } from "../../cli/terminal/failure.ts";
import { refuseOtherNames } from "../../cli/terminal/options.ts";
import { backupState } from "../../cli/text/backupState.ts";
import { portInUse } from "../../lab/sandbox/host/servers.ts";
import { platformBackupWarning } from "../../planning/platformBackups.ts";
import { RunningOperations } from "../../provider/host/operations.ts";
import { databaseRestore } from "../../provider/recovery/databaseRestore.ts";
import { supabaseProject } from "../../provider/recovery/supabaseProject.ts";
import { trafficSwitch } from "../../provider/recovery/trafficSwitch.ts";
import { faultsOfSettings } from "../../settings/settingsRules.ts";
import { CONTEXT, PROJECT, RESTORE, TRAFFIC } from "../provider/recovery/examples.ts";
import { refusalOf } from "../support/refusal.ts";

const unknown = new Set<string>();
const BACKUP_ID = "20260701T020000Z-1a2b3c";
const NOW = new Date("2026-07-03T02:00:00Z");
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);

/** The sentence about a setting that breaks a rule, with the setting's name. */
const faultOf = (values: Parameters<typeof faultsOfSettings>[0], key: string) => {
  const fault = faultsOfSettings(values).find(({ keys }) => keys[0] === key);
  return `${key} ${fault?.sentence ?? "is right."}`;
};

const lost = { ...TRAFFIC, outputs: { ...TRAFFIC.outputs, holder: "stack=prod;generation=3" } };
const restoreWith = (news: object) => databaseRestore.diff!(CONTEXT, RESTORE, { ...RESTORE.inputs, ...news }, unknown);
const projectWith = (news: object) => supabaseProject.diff!(CONTEXT, PROJECT, { ...PROJECT.inputs, ...news }, unknown);
const trafficWith = (news: object) => trafficSwitch.diff!(CONTEXT, lost, { ...TRAFFIC.inputs, ...news }, unknown);

/** The refusal to confirm without a terminal, or with a wrong name. */
async function confirmation(given: string | undefined): Promise<string> {
  const write = jest.spyOn(process.stderr, "write").mockReturnValue(true);
  const { isTTY } = process.stdin;
  process.stdin.isTTY = false;
  try {
    return await refusalOf(() => confirmWith(given)({ names: ["db.example:5432/postgres", "abcdef"], lines: [] }));
  } finally {
    process.stdin.isTTY = isTTY;
    write.mockRestore();
  }
}

/** What an operation reports when the engine cancels it. */
async function cancelled(): Promise<string> {
  const running = new RunningOperations();
  const untilAborted = (signal: AbortSignal) =>
    new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  const work = running.run(0, untilAborted);
  running.cancel();
  return await refusalOf(() => work);
}

/** The exact sentences that an engineer sees most in an emergency. Other tests assert only their class and their actionable part. */
describe("in an emergency the program says", () => {
  const sentences: Record<string, [work: () => unknown, sentence: string]> = {
    "that a variable is missing": [
      () => refusalOf(() => requiredVariable("CASTCHAT_NOT_SET", "set it to the token of the service")),
      "CASTCHAT_NOT_SET is not set: set it to the token of the service.",
    ],
    "that a restore has no target": [
      () => refusalOf(targetUrl),
      "TARGET_DATABASE_URL is not set: set it to the connection string of the database to restore into.",
    ],
    "that a table's name is not one": [
      () => refusalOf(() => refuseOtherNames(["posts"])),
      `"posts" names no table. Write schema.table, with a space between two tables, as in: public.posts 'public."My table"'.`,
    ],
    "that a command needs an agreement": [
      () => confirmation(undefined),
      'This needs your agreement. Add --confirm "abcdef", or run the command on a terminal and type that name.',
    ],
    "that another database was named": [
      () => confirmation("postgres"),
      '"postgres" is not the name of this database (db.example:5432/postgres or abcdef): nothing was changed.',
    ],
    "that a command was interrupted": [
      () => explanationOf(Object.assign(new Error("x"), { name: "AbortError" })),
      "Interrupted. What was started has been stopped.",
    ],
    "that a recovery needs a higher generation": [
      () => faultOf({ role: "standby", mode: "active", generation: 1 }, "generation"),
      "generation is 1, which is the primary's. A recovery needs a higher one to take over the traffic; set 2 for the first recovery.",
    ],
    "that a recovery trusts no key": [
      () => faultOf({ role: "standby", mode: "active", trustedWriterKeys: [] }, "trustedWriterKeys"),
      'trustedWriterKeys is not set, but mode "active" only restores backups signed by a key in it; set it to the primary\'s output signingPublicKey.',
    ],
    "that both a backup and a time are set": [
      () => faultOf({ backup: BACKUP_ID, at: "2026-07-01T02:00:00Z" }, "at"),
      "at and backup are both set; set one of them, or neither for the newest backup.",
    ],
    "that a backup was already restored": [
      () => refusalOf(() => restoreWith({ at: "2026-07-01T02:00:00Z" })),
      `Backup ${BACKUP_ID} was restored into this database with generation 2, and the app has written to it since. Another at needs a new generation, which creates a new database beside this one. Leave at as it is, or also raise generation: \`pulumi config set generation 3\`.`,
    ],
    "that a database is protected": [
      () => refusalOf(() => projectWith({ region: "us-east-1" })),
      "Supabase project castchat-dr-g2 (abc) is protected, and another region would replace it and delete it for good. Leave region as it is. A higher generation creates a new project beside it. To give the project up, run `pulumi config set protect false` and `pulumi up`, and then change region.",
    ],
    "that another stack has taken the public name": [
      () => refusalOf(() => trafficWith({ projectId: "q" })),
      "Stack dr no longer holds app.castchat.jp (the lease says stack=prod;generation=3), so none of it is changed. Raise generation above the lease's to take the name back, or remove the switch from this stack.",
    ],
    "that a generation can't be lowered": [
      () => refusalOf(() => trafficWith({ generation: 1 })),
      "The generation of app.castchat.jp may only rise: it is 2, not 1.",
    ],
    "that an `up` was stopped": [
      cancelled,
      "Stopped on request before it was done. Run the same command again to continue.",
    ],
    "that Supabase's own backup is old": [
      () =>
        platformBackupWarning({
          newestAt: daysAgo(2),
          latestInstant: undefined,
          projectCreatedAt: daysAgo(9),
          now: NOW,
        }),
      "Supabase's own newest backup is 48 h old (more than 25 h). Check Supabase's status page, and rely on the vault.",
    ],
    "that a backup lacks parts": [
      () => backupState({ proven: true, problems: [], lacks: 2 }),
      "proven; LACKS 2 parts that could not be read: `verify` names them",
    ],
    "that a backup is dated in the future": [
      () => backupState({ proven: true, problems: [], datedAhead: true }),
      "its time lies in the future, so it is never taken as the newest; proven",
    ],
    "that a backup was overwritten": [
      () => backupState({ proven: true, problems: [], walkedPast: ["daily/x was written over"] }),
      "proven; OVERWRITTEN OR DELETED in the vault: see below",
    ],
    "that a drill's port is taken": [
      () => portInUse("edge", 4000).message,
      "Port 4000 of 127.0.0.1, which the sandbox's edge needs, is used by another program. End that program, or get new ports with `castchat-recovery sandbox reset`.",
    ],
  };
  it.each(Object.entries(sentences))("%s", async (_, [work, sentence]) => {
    expect(await work()).toBe(sentence);
  });
});
