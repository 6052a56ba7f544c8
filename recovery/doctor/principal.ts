/** Whose credentials are in use. */
export interface Principal {
  /** As policies name it: a role's own ARN in place of its session's, without the role's path, which a session does not show. */
  readonly arn: string;
  readonly accountId: string;
}

/** The principal of an ARN as STS shows it. Form: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
export function principalOf(callerArn: string): Principal {
  const [, partition = "", , , accountId = "", resource = ""] = callerArn.split(":");
  const [, role] = /^assumed-role\/([^/]+)\//.exec(resource) ?? [];
  return {
    accountId,
    arn: role === undefined ? callerArn : `arn:${partition}:iam::${accountId}:role/${role}`,
  };
}

/** Whether a principal is among those that patterns of ARNs name, with `*` where a part varies. A role's path counts as right. */
export function isDeployer({ arn }: Principal, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => matches(pattern, arn) || matches(withoutPath(pattern), arn));
}

function withoutPath(pattern: string): string {
  return pattern.replace(/:role\/(?:[^/]*\/)+/, ":role/");
}

/** As IAM's ArnLike: `*` stands for any text, `?` for one character. */
function matches(pattern: string, text: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, String.raw`\$&`)
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`).test(text);
}
