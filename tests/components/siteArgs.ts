import type { PrimarySiteArgs } from "../../components/primarySite.ts";
import type { StandbySiteArgs } from "../../components/standbySite.ts";
import type { Site } from "../../planning/names.ts";
import { TIERS } from "../../planning/tiers.ts";
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
  publicName: "app.castchat.jp",
  zoneName: "castchat.jp",
  endpoints: {},
  trustedWriterKeys: ["PEM"],
  supabaseOrganization: "castchat",
  supabaseRegion: "ap-northeast-1",
  vercelProject: "castchat",
  repository: "castchat/castchat",
  branch: "main",
  intervalHours: 6,
  shrinkPercent: 20,
  criticalTables: ["public.users"],
  ageRecipients: ["age1x"],
  scheduledRun: { code: { path: "/bundle/runner.mjs", sha256: "5ca1ab1e" }, image: "node:1", tokens: TOKENS },
  protect: true,
};
/** A primary site as shipped. */
export const PRIMARY: PrimarySiteArgs = { ...COMMON, stack: "prod", generation: 1, cloudflareAccountId: "cf" };
/** A standby site that is not recovering. */
export const STANDBY: StandbySiteArgs = {
  ...COMMON,
  stack: "dr",
  mode: "standby",
  generation: 2,
  mirrorOwner: "mirrors",
  mirrorRepository: "castchat-mirror",
};
