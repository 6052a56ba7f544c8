import { isDeepStrictEqual } from "node:util";

import { S3 } from "@aws-sdk/client-s3";
import { z } from "zod";

import { addressOf, REGIONS } from "../../sandbox/host/layout.ts";
import type { Company } from "../company/company.ts";
import type { DrillContext } from "../company/context.ts";
import type { RecordCheck } from "../report/report.ts";
import { partsBeside, type Recovered } from "./recovery.ts";

/** A note that every drill's recovery has: the sample database has jobs and a publication, and no restore starts those. */
const KNOWN = /^Held back until `castchat-recovery resume-jobs`: [1-9]\d* scheduled jobs/;
const entry = z.object({
  what: z.string(),
  result: z.string(),
  backupId: z.string(),
  notes: z.array(z.string()),
  parts: partsBeside.optional(),
});
/** The company's parts outside its database. Configuration is never restored. */
const PARTS = ["storage", "functions", "authSettings"];

/**
 * Checks that a recovery's notes are where an engineer reads them: on the terminal after the `up`, in the outputs, in the vault's log.
 * Outputs and log must also report the state of each part outside the database.
 */
export async function checkNotes(
  context: DrillContext,
  { company, recovered }: { company: Company; recovered: Recovered },
  check: RecordCheck,
): Promise<void> {
  const entries = await readRecoveryLog(context, company.standbyOutputs.vaultBucket);
  const logged = entries.find((one) => one.what === "restore" && one.result === "done");
  const places: [where: string, notes: readonly string[]][] = [
    ["the output restore.notes", recovered.notes],
    ["the diagnostics of the up", recovered.warnings],
    ["the recovery log", logged?.notes ?? []],
  ];
  const lacking = places.filter(([, notes]) => !notes.some((note) => KNOWN.test(note))).map(([where]) => where);
  const lost = recovered.notes.filter((note) => !places.every(([, notes]) => notes.includes(note)));
  check(
    "what a recovery leaves to do is on the terminal, in the outputs and in the recovery log",
    lacking.length === 0 && lost.length === 0,
    lacking.length > 0 ? `${lacking.join(", ")}: nothing about what is held back` : `${recovered.notes.length} notes`,
  );
  const states = PARTS.map((name) => {
    const { state = "not named", from = [] } = recovered.parts[name] ?? {};
    return { name, state, ids: from.map(({ backupId }) => backupId) };
  });
  check(
    "outputs and recovery log report each part outside the database as whole, and name its backup",
    states.every(({ state, ids }) => state === "whole" && isDeepStrictEqual(ids, [recovered.backupId])) &&
      isDeepStrictEqual(logged?.parts, recovered.parts),
    states.map(({ name, state, ids }) => `${name}: ${state}, of ${ids.join(", ") || "no backup"}`).join("; "),
  );
}

async function readRecoveryLog({ file }: DrillContext, Bucket: string): Promise<z.infer<typeof entry>[]> {
  const { awsAccessKeyId: accessKeyId, awsSecretAccessKey: secretAccessKey } = file.credentials;
  const s3 = new S3({
    region: REGIONS.standby,
    endpoint: addressOf(file.ports, "awsStandby"),
    forcePathStyle: true,
    credentials: { accessKeyId, secretAccessKey },
  });
  try {
    const { Contents = [] } = await s3.listObjectsV2({ Bucket, Prefix: "recovery-log/" });
    const bodies = Contents.map(async ({ Key }) => {
      const { Body } = await s3.getObject({ Bucket, Key });
      return entry.parse(JSON.parse((await Body?.transformToString()) ?? ""));
    });
    return await Promise.all(bodies);
  } finally {
    s3.destroy();
  }
}
