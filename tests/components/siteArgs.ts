import type { PrimarySiteArgs } from "../../components/primarySite.ts";
import type { StandbySiteArgs } from "../../components/standbySite.ts";
import { HEALTH_PATH, type Site } from "../../planning/names.ts";
import { TIERS } from "../../planning/tiers.ts";
import type { App } from "../../settings/apps.ts";
import { RUNNER_TOKENS } from "../../settings/runnerSettings.ts";

const TOKENS = Object.fromEntries(RUNNER_TOKENS.map((name) => [name, `${name} of the test`]));

/** A primary's place in AWS, and its standby's. */
export const SITE: Site = {
  project: "castchat-recovery",
  role: "primary",
  accountId: "111111111111",
  region: "ap-northeast-1",
};
export const OTHER_SITE: Site = { ...SITE, role: "standby", accountId: "222222222222", region: "ap-northeast-3" };

const COMMON = {
  project: SITE.project,
  awsAccountId: SITE.accountId,
  awsRegion: SITE.region,
  tiers: TIERS,
  peerAwsAccountId: OTHER_SITE.accountId,
  peerAwsRegion: OTHER_SITE.region,
  zoneName: "castchat.jp",
  endpoints: {},
  trustedWriterKeys: ["PEM"],
  intervalHours: 6,
  shrinkPercent: 20,
  criticalTables: ["public.users"],
  ageRecipients: ["age1x"],
  scheduledRun: { code: { path: "/bundle/runner.mjs", sha256: "5ca1ab1e" }, image: "node:1", tokens: TOKENS },
  protect: true,
};
/** An app as the settings list it. */
export const APP = {
  project: "castchat",
  repository: "castchat/castchat",
  branch: "main",
  healthPath: HEALTH_PATH,
  publicNames: ["app.castchat.jp"],
} as const satisfies App;
const SUPABASE = { supabaseOrganization: "castchat", supabaseRegion: "ap-northeast-1" };
/** A primary site that creates everything. */
export const PRIMARY: PrimarySiteArgs = {
  ...COMMON,
  ...SUPABASE,
  stack: "prod",
  generation: 1,
  apps: [{ ...APP, state: "create" }],
  database: "create",
  dns: "create",
  cloudflareAccountId: "cf",
};
/** A primary site as shipped: CastChat exists. */
export const EXISTING: PrimarySiteArgs = {
  ...COMMON,
  stack: "prod",
  generation: 1,
  apps: [APP],
  database: "existing",
  dns: "existing",
  supabaseRef: "abcdefghijklmnopqrst",
  databaseUrl: "postgresql://postgres.abcdefghijklmnopqrst:secret-of-the-test@db.example/postgres",
};
/** A standby site that is not recovering. */
export const STANDBY: StandbySiteArgs = {
  ...COMMON,
  stack: "dr",
  ...SUPABASE,
  mode: "standby",
  generation: 2,
  apps: [{ ...APP, mirror: "mirrors/castchat-mirror" }],
};
