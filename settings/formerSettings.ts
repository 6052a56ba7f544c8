/** Where settings of earlier versions are written now. */
const FORMER: Readonly<Record<string, string>> = {
  vercelProject: "project",
  peerVercelProject: "peerProject",
  repository: "repository",
  branch: "branch",
  healthPath: "healthPath",
  publicName: "publicNames, a list",
  mirrorOwner: "mirror, as owner/name",
  mirrorRepository: "mirror, as owner/name",
};

/** Why a setting of an earlier version is none any more, as the end of a sentence; undefined for any other key. */
export function formerSetting(key: string): string | undefined {
  const now = Object.hasOwn(FORMER, key) ? FORMER[key] : undefined;
  return now && `has moved into the list apps, as its app's ${now}. Pulumi.prod.yaml and Pulumi.dr.yaml show it.`;
}
