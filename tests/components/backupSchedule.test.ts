import { describe, expect, it } from "@jest/globals";

import { BackupSchedule, type BackupScheduleArgs } from "../../components/backupSchedule.ts";
import { buildspec } from "../../components/buildspec.ts";
import { keepsTrail } from "../../components/policyDocument.ts";
import { runnerPermissions, scheduleKeyPolicy, starterPermissions } from "../../components/schedulePolicies.ts";
import { vaultRolePermissions } from "../../components/vaultRolePolicies.ts";
import { TIERS } from "../../planning/tiers.ts";
import { NO_TOKEN } from "../../settings/runnerSettings.ts";
import { CLOSED } from "../support/closed.ts";
import { documentOf, inventory, named, registered } from "./mocks.ts";
import { SITE } from "./siteArgs.ts";

const NAME = "castchat-recovery-primary-backup";
const CODE = "castchat-recovery-primary-code-111111111111-ap-northeast-1";
const SECRETS = {
  database: "DATABASE_URL",
  vercel: "VERCEL_API_TOKEN",
  github: "GITHUB_TOKEN",
  cloudflare: "CLOUDFLARE_API_TOKEN",
  supabase: "SUPABASE_ACCESS_TOKEN",
};
const ARGS = {
  site: SITE,
  tiers: TIERS,
  intervalHours: 6,
  vaultBucketArn: "arn:vault",
  vaultKeyArn: "arn:vault-key",
  signingKeyArn: "arn:signing-key",
  code: { path: "/bundle/runner.mjs", sha256: "5ca1ab1e" },
  image: "public.ecr.aws/docker/library/node:24",
  settings: '{"stack":"prod"}',
  databaseUrl: "postgres://u:swordfish@h/db",
  tokens: { VERCEL_API_TOKEN: "vercel-token" },
} satisfies BackupScheduleArgs;
const KEY = "arn:aws:kms:::key/s-runner-key";
const SCOPE = { ...ARGS, scheduleKeyArn: KEY, bucketArn: "arn:vault", keyArn: "arn:vault-key" };
const declared = (args: Partial<BackupScheduleArgs> = {}) =>
  registered(() => new BackupSchedule("s", { ...ARGS, ...args }));
const trustOf = (service: string, source: string) => {
  const from = { StringEquals: { "aws:SourceAccount": "111111111111" }, ArnEquals: { "aws:SourceArn": source } };
  return { Statement: [{ Principal: { Service: service }, Condition: from }] };
};

describe("BackupSchedule", () => {
  it("starts the build at the interval, with a role only for that, and keeps runs that could not start", async () => {
    const resources = await declared();
    expect(named(resources, "s-rate").inputs).toEqual({
      name: NAME,
      description: "Takes a backup",
      scheduleExpression: "rate(6 hours)",
      flexibleTimeWindow: { mode: "OFF" },
      state: "ENABLED",
      target: {
        arn: `arn:aws:codebuild:::project/${NAME}`,
        roleArn: "arn:aws:iam:::role/castchat-recovery-primary-starter-ap-northeast-1",
        retryPolicy: { maximumEventAgeInSeconds: 3600, maximumRetryAttempts: 20 },
        deadLetterConfig: { arn: `arn:aws:sqs:::${NAME}-missed` },
      },
    });
    const queue = { name: `${NAME}-missed`, messageRetentionSeconds: 1_209_600, sqsManagedSseEnabled: true };
    expect(named(resources, "s-missed").inputs).toEqual(queue);
    // Never the schedule: AWS names its group, and refuses a schedule whose role doesn't trust that.
    const group = "arn:aws:scheduler:ap-northeast-1:111111111111:schedule-group/default";
    const trust = trustOf("scheduler.amazonaws.com", group);
    expect(documentOf(resources, "s-starter", "assumeRolePolicy")).toMatchObject(trust);
    expect(documentOf(resources, "s-starter-policy")).toEqual(starterPermissions(SITE));
    expect(starterPermissions(SITE).Statement).toContainEqual(keepsTrail(SITE));
  });

  it("writes an hour in the singular, the only form that AWS accepts", async () => {
    expect(named(await declared({ intervalHours: 1 }), "s-rate").inputs["scheduleExpression"]).toBe("rate(1 hour)");
  });

  it("runs on the machine that is asked for, with memory for Node", async () => {
    const { environment, source } = named(await declared({ compute: "large" }), "s-runner-project").inputs as {
      environment: object;
      source: { buildspec: string };
    };
    expect(environment).toMatchObject({ computeType: "BUILD_GENERAL1_LARGE" });
    expect(source.buildspec).toContain("node --initial-old-space-size=128 --max-old-space-size=7500 runner.mjs");
    expect(buildspec("5ca1ab1e")).not.toContain("max-old-space-size");
  });

  it("builds from its own bucket, one at a time, with secrets by reference and logs that are kept", async () => {
    const resources = await declared();
    expect(named(resources, "s-runner-project").inputs).toEqual({
      name: NAME,
      description: "Takes a proven backup of the database and the configuration",
      serviceRole: "arn:aws:iam:::role/castchat-recovery-primary-runner-ap-northeast-1",
      buildTimeout: 120,
      concurrentBuildLimit: 1,
      artifacts: { type: "NO_ARTIFACTS" },
      source: { type: "S3", location: `${CODE}/5ca1ab1e/`, buildspec: buildspec("5ca1ab1e") },
      environment: {
        type: "LINUX_CONTAINER",
        computeType: "BUILD_GENERAL1_SMALL",
        image: ARGS.image,
        imagePullCredentialsType: "SERVICE_ROLE",
        environmentVariables: [
          { name: "RUNNER_SETTINGS", type: "PLAINTEXT", value: '{"stack":"prod"}' },
          ...Object.entries(SECRETS).map(([part, variable]) => {
            const arn = `arn:aws:secretsmanager:::secret:castchat-recovery/primary/runner/${part}-AbCdEf`;
            return { name: variable, type: "SECRETS_MANAGER", value: `${arn}:${variable}` };
          }),
        ],
      },
      logsConfig: { cloudwatchLogs: { status: "ENABLED", groupName: "/castchat-recovery/primary/backup" } },
    });
    const logs = { name: "/castchat-recovery/primary/backup", retentionInDays: 90, kmsKeyId: KEY };
    expect(named(resources, "s-runner-logs").inputs).toEqual(logs);
    const values = { DATABASE_URL: ARGS.databaseUrl, VERCEL_API_TOKEN: "vercel-token" } as Record<string, string>;
    for (const [part, variable] of Object.entries(SECRETS)) {
      const secret = { name: `castchat-recovery/primary/runner/${part}`, kmsKeyId: KEY };
      expect(named(resources, `s-runner-secret-${part}`).inputs).toMatchObject(secret);
      const value = { [variable]: values[variable] ?? NO_TOKEN };
      expect(documentOf(resources, `s-runner-secret-${part}-value`, "secretString")).toEqual(value);
    }
    expect(documentOf(resources, "s-runner-key")).toEqual(scheduleKeyPolicy(SITE));
  });

  it("keeps its code under the code's own hash in a closed bucket", async () => {
    const resources = await declared();
    expect(named(resources, "s-runner-code").inputs).toEqual({ bucket: CODE });
    const bundle = { bucket: CODE, key: "5ca1ab1e/runner.mjs", contentType: "text/javascript" };
    expect(named(resources, "s-runner-bundle").inputs).toMatchObject(bundle);
    expect(inventory(resources).filter((name) => name.includes("s-runner-code"))).toHaveLength(5);
    expect(named(resources, "s-runner-code-public-access").inputs).toMatchObject(CLOSED);
    const tls = { Statement: [{ Sid: "TlsOnly", Effect: "Deny" }] };
    expect(documentOf(resources, "s-runner-code-policy")).toMatchObject(tls);
  });

  it("keeps the repository's files beside the code, each state of them as a resource of its own", async () => {
    const source = { commit: "c0ffee-dirty", id: "ca11ab1e", path: "/bundle/source.tar.gz" };
    const resources = await declared({ source });
    const archive = { bucket: CODE, key: "5ca1ab1e/source-ca11ab1e.tar.gz", contentType: "application/gzip" };
    expect(named(resources, "s-runner-source-ca11ab1e").inputs).toMatchObject(archive);
    expect(inventory(await declared()).filter((name) => name.includes("-source-"))).toEqual([]);
  });

  it("gives a run the writer's permissions, and otherwise only its own log, code and secrets", async () => {
    const resources = await declared();
    const policy = documentOf(resources, "s-runner-role-policy");
    expect(policy).toEqual(runnerPermissions(SCOPE));
    const writer = vaultRolePermissions("writer", SCOPE).Statement;
    expect(policy.Statement.slice(0, writer.length)).toEqual(writer);
    const group = "arn:aws:logs:ap-northeast-1:111111111111:log-group:/castchat-recovery/primary/backup";
    const secrets = Object.keys(SECRETS).map(
      (part) =>
        `arn:aws:secretsmanager:ap-northeast-1:111111111111:secret:castchat-recovery/primary/runner/${part}-??????`,
    );
    expect(policy.Statement.slice(writer.length).map(({ Sid, Action, Resource }) => [Sid, Action, Resource])).toEqual([
      ["Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [group, `${group}:*`]],
      ["FindsItsCode", ["s3:GetBucketLocation", "s3:ListBucket"], `arn:aws:s3:::${CODE}`],
      ["ReadsItsCode", ["s3:GetObject", "s3:GetObjectVersion"], `arn:aws:s3:::${CODE}/*`],
      ["ReadsItsSecrets", ["secretsmanager:GetSecretValue"], secrets],
      ["OpensItsSecrets", ["kms:Decrypt"], KEY],
    ]);
    const sids = policy.Statement.map(({ Sid }) => Sid);
    expect(new Set(sids).size).toBe(sids.length);
    const from = `arn:aws:codebuild:ap-northeast-1:111111111111:project/${NAME}`;
    expect(documentOf(resources, "s-runner-role", "assumeRolePolicy")).toMatchObject(
      trustOf("codebuild.amazonaws.com", from),
    );
  });

  it("lets a run read one stack's state, and nothing else in that bucket", () => {
    const place = { project: "castchat", stack: "prod" };
    const rights = (backend: string) =>
      runnerPermissions({ ...SCOPE, checkpoint: { ...place, backend } }).Statement.filter(({ Sid }) =>
        String(Sid).endsWith("State"),
      );
    expect(rights("s3://state?region=ap-northeast-3")).toEqual([
      {
        Sid: "FindsTheState",
        Effect: "Allow",
        Action: ["s3:ListBucket"],
        Resource: "arn:aws:s3:::state",
        Condition: { StringEquals: { "s3:prefix": ".pulumi/stacks/castchat/prod.json" } },
      },
      {
        Sid: "ReadsTheState",
        Effect: "Allow",
        Action: ["s3:GetObject"],
        Resource: ["", ".gz"].map((end) => `arn:aws:s3:::state/.pulumi/stacks/castchat/prod.json${end}`),
      },
    ]);
    expect(rights("file:///var/state")).toEqual([]);
  });

  it.each([
    ["222222222222.dkr.ecr.ap-northeast-3.amazonaws.com/team/runner@sha256:00", true],
    ["222222222222.dkr.ecr.ap-northeast-3.amazonaws.com/team/runner:1", true],
    ["public.ecr.aws/docker/library/node:24", false],
  ])("lets a run pull %s if that needs permissions: %s", (image, isPrivate) => {
    const pulls = runnerPermissions({ ...SCOPE, image }).Statement.filter(({ Sid }) => Sid === "PullsItsImage");
    const arn = "arn:aws:ecr:ap-northeast-3:222222222222:repository/team/runner";
    expect(pulls.map(({ Resource }) => Resource)).toEqual(isPrivate ? [arn] : []);
  });
});

describe("buildspec", () => {
  it("checks the code's hash before running it", () => {
    const { phases } = JSON.parse(buildspec("5ca1ab1e")) as Record<"phases", Record<string, { commands: string[] }>>;
    expect(Object.keys(phases)).toEqual(["install", "pre_build", "build"]);
    expect(phases["install"]!.commands[0]).toMatch(/^command -v pg_dump \|\| \{ .*postgresql-client-18; \}$/);
    expect(phases["pre_build"]!.commands).toEqual(['echo "5ca1ab1e  runner.mjs" | sha256sum --check --strict']);
    expect(phases["build"]!.commands).toEqual(["node --initial-old-space-size=128 runner.mjs"]);
  });
});
