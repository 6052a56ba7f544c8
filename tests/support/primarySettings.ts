/** Settings of a primary that parse, as a stack file has them. */
export const PRIMARY_SETTINGS = {
  role: "primary",
  awsAccountId: "111111111111",
  awsRegion: "ap-northeast-1",
  standbyVault: "none",
  peerAwsAccountId: "111111111111",
  peerAwsRegion: "ap-northeast-3",
  apps: JSON.stringify([{ project: "p", repository: "o/r", publicNames: ["app.a.jp"], state: "create" }]),
  database: "create",
  dns: "create",
  zoneName: "a.jp",
  cloudflareAccountId: "0".repeat(32),
  supabaseOrganization: "o",
  supabaseRegion: "ap-northeast-1",
  vercelTeam: "acme",
};
