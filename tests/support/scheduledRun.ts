import { TIERS } from "../../planning/tiers.ts";

/** Settings of a scheduled run that parse, as a stack declares them. */
export const SCHEDULED_RUN = {
  stack: "prod",
  region: "ap-northeast-1",
  vaultBucket: "bucket",
  signingKeyArn: "k",
  trustedWriterKeys: [],
  tiers: TIERS.map(({ name, prefix, period, lockDays }) => ({ name, prefix, period, lockDays })),
  criticalTables: [],
  shrinkPercent: 20,
  ageRecipients: [],
  vercelProjects: ["p"],
  zoneName: "a.jp",
  repositories: ["o/r"],
  supabaseRef: "abc",
};
