import type { PrimarySiteArgs } from "../../components/primarySite.ts";
import type { StandbySiteArgs } from "../../components/standbySite.ts";
import { TIERS } from "../../planning/tiers.ts";

const COMMON = {
  project: "castchat-recovery",
  awsAccountId: "111111111111",
  awsRegion: "ap-northeast-1",
  peerAwsAccountId: "222222222222",
  peerAwsRegion: "ap-northeast-3",
  tiers: TIERS,
  publicName: "app.castchat.jp",
  zoneName: "castchat.jp",
  supabaseOrganization: "castchat",
  supabaseRegion: "ap-northeast-1",
  vercelProject: "castchat",
  endpoints: {},
  repository: "castchat/castchat",
  branch: "main",
  trustedWriterKeys: ["PEM"],
  intervalHours: 6,
  criticalTables: ["public.users"],
  shrinkPercent: 20,
  ageRecipients: ["age1x"],
  scheduledRun: { code: { path: "/bundle/runner.mjs", sha256: "5ca1ab1e" }, image: "node:1", tokens: {} },
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
