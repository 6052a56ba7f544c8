import { LogGroup } from "@pulumi/aws/cloudwatch/logGroup.js";
import { Project as CodeBuildProject } from "@pulumi/aws/codebuild/project.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { Bucket } from "@pulumi/aws/s3/bucket.js";
import { BucketObjectv2 } from "@pulumi/aws/s3/bucketObjectv2.js";
import { BucketPolicy } from "@pulumi/aws/s3/bucketPolicy.js";
import * as pulumi from "@pulumi/pulumi";

import {
  buildProjectArn,
  codeBucketName,
  runnerLogGroup,
  type ScheduledWork,
  scheduleName,
  scheduleRoleName,
  type Site,
} from "../planning/names.ts";
import { RUNNER_MACHINES, type RunnerSize } from "../planning/runnerMachine.ts";
import { closedBucket } from "./closedBucket.ts";
import { type PolicyDocument, policyDocument, tlsOnly } from "./policyDocument.ts";
import type { SecretVariable } from "./runnerSecrets.ts";
import { serviceTrust } from "./schedulePolicies.ts";

/** A program's code: one file. */
export interface RunnerCode {
  /** Absolute path of the bundle. */
  readonly path: string;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly sha256: string;
}

/** This repository's files as they are deployed, as one archive. */
export interface DeployedSource {
  /** With `-dirty` if tracked files differ from the commit. */
  readonly commit: string;
  /** Identifies the files: the same for the same ones. */
  readonly id: string;
  /** Absolute path (gzip of tar). */
  readonly path: string;
}

/** A build of a site. All names derive from the site and the work. */
interface ScheduledBuildArgs {
  readonly site: Site;
  readonly work: ScheduledWork;
  readonly code: RunnerCode;
  /** Files beside the code, which the build stores. @default - none */
  readonly source?: DeployedSource | undefined;
  /** Name of the file in the build's folder. */
  readonly bundleFile: string;
  readonly buildspec: string;
  /** The container image that it starts in, by tag or by digest. */
  readonly image: string;
  readonly compute: RunnerSize;
  /** Minutes after which it is stopped. */
  readonly limitMinutes: number;
  readonly description: string;
  readonly roleDescription: string;
  /** The key that encrypts its log. @default - CloudWatch's own */
  readonly logKeyArn?: pulumi.Input<string> | undefined;
  /** What its role may do. */
  readonly policy: pulumi.Input<PolicyDocument>;
  readonly variables: readonly (SecretVariable | PlainVariable)[];
  readonly tagged: { readonly tags?: Record<string, string> };
}

interface PlainVariable {
  readonly name: string;
  readonly type: "PLAINTEXT";
  readonly value: pulumi.Input<string>;
}

/** Days for which the builds' logs are kept. A quarter, so that a weekly backup's log exists as long as the backup. */
const LOG_DAYS = 90;

/**
 * Declares a build that a schedule can start: a CodeBuild project without a VPC, its role, its log and its code in a bucket of its own. One runs
 * at a time. `pulumi up` uploads the code, so the build depends on no code host.
 */
export function scheduledBuild(
  name: string,
  args: ScheduledBuildArgs,
  child: pulumi.CustomResourceOptions,
): { project: CodeBuildProject; logs: LogGroup } {
  const { site, work, code, logKeyArn, tagged } = args;
  const logs = new LogGroup(
    `${name}-logs`,
    {
      name: runnerLogGroup(site, work),
      retentionInDays: LOG_DAYS,
      ...(logKeyArn !== undefined && { kmsKeyId: logKeyArn }),
      ...tagged,
    },
    child,
  );
  const { bundle, archive } = storeCode(name, args, child);
  const role = new Role(
    `${name}-role`,
    {
      name: scheduleRoleName(site, "runner", work),
      description: args.roleDescription,
      assumeRolePolicy: JSON.stringify(serviceTrust("codebuild.amazonaws.com", site, buildProjectArn(site, work))),
      ...tagged,
    },
    child,
  );
  const permissions = new RolePolicy(
    `${name}-role-policy`,
    {
      name: "runner",
      role: role.name,
      policy: pulumi.output(args.policy).apply((document) => JSON.stringify(document)),
    },
    child,
  );
  const project = new CodeBuildProject(
    `${name}-project`,
    {
      name: scheduleName(site, work),
      description: args.description,
      serviceRole: role.arn,
      buildTimeout: args.limitMinutes,
      // Two backups would both promote, and share the database's few connections. Two mirror builds would push against each other.
      concurrentBuildLimit: 1,
      artifacts: { type: "NO_ARTIFACTS" },
      source: {
        type: "S3",
        location: pulumi.interpolate`${bundle.bucket}/${code.sha256}/`,
        buildspec: args.buildspec,
      },
      environment: {
        type: "LINUX_CONTAINER",
        computeType: RUNNER_MACHINES[args.compute].computeType,
        image: args.image,
        imagePullCredentialsType: "SERVICE_ROLE",
        environmentVariables: [...args.variables],
      },
      logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: logs.name } },
      ...tagged,
    },
    { ...child, dependsOn: [permissions, ...(archive ? [archive] : [])] },
  );
  return { project, logs };
}

/** The code in a closed bucket, and the files beside it. */
function storeCode(
  name: string,
  { site, work, code, source, bundleFile, tagged }: ScheduledBuildArgs,
  child: pulumi.CustomResourceOptions,
): { bundle: BucketObjectv2; archive: BucketObjectv2 | undefined } {
  const bucketName = codeBucketName(site, work);
  const { bucket } = new Bucket(`${name}-code`, { bucket: bucketName, ...tagged }, child);
  const policy = new BucketPolicy(
    `${name}-code-policy`,
    { bucket, policy: JSON.stringify(policyDocument([tlsOnly(`arn:aws:s3:::${bucketName}`)])) },
    { ...child, dependsOn: closedBucket(`${name}-code`, bucket, child) },
  );
  const bundle = new BucketObjectv2(
    `${name}-bundle`,
    {
      bucket,
      // Under its own hash, so that a running build keeps the code with which it started.
      key: `${code.sha256}/${bundleFile}`,
      source: new pulumi.asset.FileAsset(code.path),
      contentType: "text/javascript",
    },
    { ...child, dependsOn: [policy] },
  );
  // In the folder that a build gets as its source, so that a run needs no further permission. A new commit is a resource of its own: the old archive
  // goes after the runs' settings name the new one. The same files, compressed on another machine, are no change.
  const archive =
    source &&
    new BucketObjectv2(
      `${name}-source-${source.id}`,
      {
        bucket,
        key: `${code.sha256}/${sourceFile(source)}`,
        source: new pulumi.asset.FileAsset(source.path),
        contentType: "application/gzip",
      },
      { ...child, dependsOn: [policy], ignoreChanges: ["source"] },
    );
  return { bundle, archive };
}

/** The archive's file name beside the runner's bundle. */
export function sourceFile({ id }: DeployedSource): string {
  return `source-${id}.tar.gz`;
}
