/**
 * The default image of a scheduled run: Node of the version in tools/versions.env, on Debian. docs/decisions/0011 gives the reason, and
 * shows how to pin the image by digest.
 */
export const DEFAULT_RUNNER_IMAGE = "public.ecr.aws/docker/library/node:24.21.0-trixie";

/** Major version of the PostgreSQL client programs that a run installs if its image has none. They read every older server. */
export const RUNNER_POSTGRES_MAJOR = 18;

/** ARN of the Amazon ECR repository that an image comes from; undefined for a public image. */
export function privateRepositoryArn(image: string): string | undefined {
  const match = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([a-z0-9._/-]+?)[:@]/.exec(image);
  if (match === null) return undefined;
  const [, account = "", region = "", name = ""] = match;
  return `arn:aws:ecr:${region}:${account}:repository/${name}`;
}

/**
 * Node's flags for a backup or a restore. The old generation may grow to this many megabytes before Node collects it. Buffers count against
 * a much lower default, and collecting would take a third of a restore's time.
 */
export const NODE_FLAGS = "--initial-old-space-size=128";
