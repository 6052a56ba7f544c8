import { mkdtemp, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { refuseHalfState } from "../../recovery/gate/replacement.ts";
import { closeGate, letAuthIn, openGate } from "../../recovery/gate/writeGate.ts";
import type { Session } from "../../recovery/postgres/session/database.ts";
import { pulumiClient } from "../../recovery/pulumi/pulumi.ts";
import { readUpdateLocks } from "../../recovery/pulumi/pulumiLocks.ts";
import { untilOurs } from "../../recovery/site/projectReady.ts";
import { releaseGeneration, type ReleaseGenerationOptions } from "../../recovery/site/releaseGeneration.ts";
import { type ResumeOptions, resumeUpdate } from "../../recovery/site/resumeUpdate.ts";
import { takeLease } from "../../recovery/site/trafficLease.ts";
import { chooseBackup } from "../../recovery/vault/chooseBackup.ts";
import { silent } from "../../services/common/reporter.ts";
import type { DatabaseProject } from "../../services/databaseHost/databaseHost.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import { ageSealer } from "../../services/vault/age.ts";
import { openerOf } from "../../services/vault/encryption.ts";
import { makeTestFolder } from "../support/folder.ts";
import { refusalOf } from "../support/refusal.ts";
import { brisk } from "../support/timing.ts";

const signal = new AbortController().signal;
const NOON = new Date("2026-07-01T12:00:00Z");
const BACKUP_ID = "20260701T020000Z-1a2b3c";
let folder: Awaited<ReturnType<typeof makeTestFolder>>;
beforeAll(async () => {
  folder = await makeTestFolder();
});
afterAll(() => folder.remove());

/** A session that answers a query by the first pattern that fits it, with rows or an error, and any other query with no row. */
function sessionWith(...answers: [query: RegExp, answer: object[] | Error][]): Session {
  const query = (text: string) => {
    const [, answer = []] = answers.find(([pattern]) => pattern.test(text)) ?? [];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const timing = { ...brisk, sessionsEndMs: 0 };
  return { address: { user: "app", database: "postgres" }, timing, query } as unknown as Session;
}
const layer = { level: "all", closedAt: NOON, sessionsEnded: true, opening: false, changes: [] };
const OWN = ["gate", "replacement"].map((name) => ({ what: `castchat_recovery.${name}`, owner: "app", trusted: true }));
const THERE: [RegExp, object[]] = [/s\.nspname = 'castchat_recovery'/, OWN];
const closedBy = (...holders: string[]) =>
  sessionWith(THERE, [/select holder/, holders.map((holder) => ({ ...layer, holder }))]);
const replacement = { restoreId: "a1b2", backupId: BACKUP_ID, state: "aside", phase: "rows", startedAt: NOON };
const denied = Object.assign(new Error("permission denied for database postgres"), { code: "42501" });
const STOP = { holder: "writes stop", level: "writes" } as const;

/** A DNS host whose zone has these TXT records. */
const dnsWith = (...contents: string[]): DnsHost => {
  const records = contents.map((content, index) => ({ id: `r${index}`, type: "TXT", name: "n", content }));
  return { name: "Cloudflare", records: () => Promise.resolve(records) } as unknown as DnsHost;
};
const take = (...contents: string[]) =>
  takeLease(dnsWith(...contents), "zone", "app.castchat.jp", { stack: "dr", generation: 2 }, signal);

/** Exports a state by an engine that fails with this error; without one there is no engine. */
async function exported(error: string | undefined): Promise<string> {
  const bin = await mkdtemp(join(folder.path, "bin-"));
  const engine = `#!/bin/sh\necho "error: ${error}" >&2\nexit 255\n`;
  if (error !== undefined) await writeFile(join(bin, "pulumi"), engine, { mode: 0o755 });
  return await pulumiClient({ stack: "dr", workspace: folder.path, environment: { PATH: bin } }).exportState();
}

const lock = { pid: 4711, hostname: "build-7", username: "ana", timestamp: NOON };
const resume = () =>
  resumeUpdate({ stack: "dr", locks: [lock], hostname: "laptop", ownerIsDead: false } as unknown as ResumeOptions);
const release = (options: Partial<ReleaseGenerationOptions>) =>
  releaseGeneration({ generation: 2, stack: "dr", present: 3, ...options } as ReleaseGenerationOptions);

/** Restores into a project that exists and whose database holds something. */
const restoreInto = (content: object) => {
  const ports = {
    databaseHost: { name: "Supabase" },
    inspect: () => Promise.resolve(content),
    clock: () => NOON,
    timing: brisk,
  } as unknown as Parameters<typeof untilOurs>[0];
  const project = { ref: "abc", name: "castchat-dr-g2" } as DatabaseProject;
  return untilOurs(ports, { project, connectionString: "c", adopted: true }, signal, silent);
};
const run = { backupId: BACKUP_ID, startedAt: NOON, tier: "daily", prefix: "daily/" } as const;
const unproven = [{ ...run, sizeBytes: 0, proven: false, problems: ["its manifest is missing"], manifest: undefined }];

/** The exact sentences that an operator sees at night. Each is the message of an error that the code throws here. */
describe("at 03:00 the recovery says", () => {
  const sentences: Record<string, [work: () => unknown, sentence: string]> = {
    "that another command keeps writes stopped": [
      () => openGate(closedBy("writes stop", "a1b2"), "writes stop"),
      '"a1b2" keeps the gate closed, since 2026-07-01T12:00:00.000Z. That command has to end first: `castchat-recovery writes status` prints how.',
    ],
    "that writes are not stopped": [
      () => letAuthIn(sessionWith(), "writes stop"),
      "Writes are not stopped, so there is nothing to allow. Run `castchat-recovery writes stop` first.",
    ],
    "what keeps the gate from closing": [
      () => closeGate(sessionWith([/pg_subscription/, [{ name: "stream" }]]), STOP),
      "Writes cannot be stopped: the subscription stream brings rows (`alter subscription stream disable` stops that). Nothing was changed. Close that, then run the same command again.",
    ],
    "that sessions outlive the gate": [
      () => closeGate(sessionWith([/pg_terminate_backend/, [{ pid: 4711 }]]), STOP),
      "1 session did not end, and may still write (server processes 4711). Restart the database, then run the same command again.",
    ],
    "that a role may not close the gate": [
      () => closeGate(sessionWith([/savepoint/, denied]), STOP),
      'Role "app" may not change who connects to postgres (permission denied for database postgres). Use the connection string of the role that owns the database, on Supabase `postgres`.',
    ],
    "that a backup would hold a half-restored state": [
      () => refuseHalfState(sessionWith(THERE, [/safety_backup_id/, [replacement]])),
      `The database is being replaced by backup ${BACKUP_ID}, so it holds a half-restored state. Wait until that has finished. If it was interrupted, run \`castchat-recovery restore in-place\` to continue, or \`castchat-recovery restore abandon\` to go back.`,
    ],
    "that another stack holds the lease": [
      () => take("stack=prod;generation=2"),
      "app.castchat.jp is held by stack prod with generation 2, and stack dr is set to 2. To take the name over, run `pulumi config set generation 3 -s dr`, or set a higher one.",
    ],
    "that two stacks hold the lease": [
      () => take("stack=prod;generation=1", "stack=dr;generation=2"),
      "_castchat-recovery.app.castchat.jp has 2 TXT records (stack=prod;generation=1, stack=dr;generation=2), so it is not known which stack holds app.castchat.jp. Delete the wrong ones in Cloudflare, and run the same command again.",
    ],
    "that the present generation can't be released": [
      () => release({ generation: 3 }),
      "Generation 3 is the present one of stack dr. Only an earlier one can be released: `castchat-recovery generation list -s dr` shows them.",
    ],
    "that another machine holds the state's lock": [
      resume,
      "Stack dr is locked by process 4711 of ana on build-7, since 2026-07-01T12:00:00.000Z. This machine can't see whether it still runs. Make sure that it has ended, then run `castchat-recovery resume -s dr --owner-is-dead`.",
    ],
    "that the state is locked": [
      () => exported("the stack is currently locked by 1 lock(s)."),
      "pulumi stack failed for stack dr: error: the stack is currently locked by 1 lock(s). If the update that holds the lock was killed, run `castchat-recovery resume -s dr`.",
    ],
    "that the passphrase is wrong": [
      () => exported("incorrect passphrase"),
      "The passphrase does not open the secrets of stack dr. Set PULUMI_CONFIG_PASSPHRASE to the one that the stack was created with.",
    ],
    "that the locks of a backend can't be read": [
      () => readUpdateLocks("https://api.pulumi.com", "castchat-recovery", "dr"),
      "The locks of backend https://api.pulumi.com can't be read here, only those of file:// and s3://. Check PULUMI_BACKEND_URL. For another backend, make sure that no update is active, then run `pulumi cancel` and `pulumi up`.",
    ],
    "that Pulumi is missing": [
      () => exported(undefined),
      "The Pulumi command is not on PATH. Run `make setup`, or install Pulumi.",
    ],
    "that a backup is refused": [
      () => chooseBackup(unproven, { backupId: BACKUP_ID }),
      `Backup ${BACKUP_ID} cannot be trusted: its manifest is missing. Choose another one from \`castchat-recovery list\`.`,
    ],
    "that there is no backup": [
      () => chooseBackup([], {}),
      "This vault has no proven full backup. Run `castchat-recovery backup` first, or name another vault.",
    ],
    "that a restore is refused": [
      () => restoreInto({ state: "holds data", what: "12 relations" }),
      "Supabase project castchat-dr-g2 (abc) exists already and holds data (12 relations), so it is not touched. Raise the generation for a new project, or delete that one in Supabase.",
    ],
    "that an age key can't be read": [
      () => openerOf({ CASTCHAT_AGE_IDENTITY_FILE: "/nowhere/key.txt" }),
      "CASTCHAT_AGE_IDENTITY_FILE names /nowhere/key.txt, which cannot be read (ENOENT). Set it to the file that age-keygen wrote.",
    ],
    "that an age key can encrypt nothing": [
      () => ageSealer(["age1wrong"]),
      '"age1wrong" is not an age recipient: write age1… as age-keygen prints it.',
    ],
  };
  it.each(Object.entries(sentences))("%s", async (_, [work, sentence]) => {
    expect(await refusalOf(work)).toBe(sentence);
  });
});
