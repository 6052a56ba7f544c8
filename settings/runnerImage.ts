/**
 * The image that a scheduled run starts in where no other is set: Node of the version that this project is tested with
 * (tools/versions.env), on Debian. docs/decisions/0011 says why, and how to pin it by digest.
 */
export const DEFAULT_RUNNER_IMAGE = "public.ecr.aws/docker/library/node:24.21.0-trixie";

/** Major version of the PostgreSQL client programs that a run brings where its image has none. It reads every older server. */
export const RUNNER_POSTGRES_MAJOR = 18;

/** A repository of a private registry in AWS. */
export interface PrivateRepository {
  readonly arn: string;
}

/** The repository in Amazon ECR that an image comes from; undefined for a public image. */
export function privateRepositoryOf(image: string): PrivateRepository | undefined {
  const match = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([a-z0-9._/-]+?)[:@]/.exec(image);
  if (match === null) return undefined;
  const [, account, region, name] = match;
  return { arn: `arn:aws:ecr:${String(region)}:${String(account)}:repository/${String(name)}` };
}

/**
 * How Node is started for a backup or a restore. Its old generation may grow to this many megabytes before it is looked through:
 * the bytes that pass through count against a limit that begins far lower, and a third of a restore's time would go into that.
 */
export const NODE_FLAGS = "--initial-old-space-size=128";
