import { describe, expect, it } from "@jest/globals";

import { mirrorBuildspec } from "../../components/buildspec.ts";
import { keepsTrail } from "../../components/policyDocument.ts";
import { mirrorPermissions, starterPermissions } from "../../components/schedulePolicies.ts";
import { StandbySite, type StandbySiteArgs } from "../../components/standbySite.ts";
import { codeBucketName, scheduleRoleName, type Site, vaultBucketArn } from "../../planning/names.ts";
import { judge } from "../../recovery/plan/iamPolicy.ts";
import { MIRROR_RUN_SETTINGS } from "../../settings/mirrorRunSettings.ts";
import { NO_TOKEN } from "../../settings/runnerSettings.ts";
import { documentOf, named, type Registered, registered } from "./mocks.ts";
import { OTHER_SITE, STANDBY } from "./siteArgs.ts";

const SITE: Site = { ...OTHER_SITE, accountId: STANDBY.awsAccountId, region: STANDBY.awsRegion };
const NAME = "castchat-recovery-standby-mirror";
const ROLE = "castchat-recovery-standby-mirror-runner-ap-northeast-1";
const MIRROR = {
  code: { path: "/bundle/mirrorRun.mjs", sha256: "0ddba11" },
  tokens: { MIRROR_GITHUB_TOKEN: "swordfish" },
};
const standby = (args: Partial<StandbySiteArgs> = {}) =>
  registered(
    () =>
      new StandbySite("standby", {
        ...STANDBY,
        mirrorIntervalHours: 1,
        scheduledRun: { ...STANDBY.scheduledRun, mirror: MIRROR },
        ...args,
      }),
  );
const ofMirrors = (resources: readonly Registered[]) => resources.filter(({ name }) => name.startsWith("mirrors"));

describe("MirrorBuild", () => {
  it("is declared in every mode, beside the backups of an active standby, and only if the settings ask for it", async () => {
    for (const mode of ["standby", "active", "drill"] as const) {
      const resources = await standby({ mode });
      expect(named(resources, "mirrors-rate").inputs).toMatchObject({
        name: NAME,
        scheduleExpression: "rate(1 hour)",
        target: {
          arn: `arn:aws:codebuild:::project/${NAME}`,
          deadLetterConfig: { arn: `arn:aws:sqs:::${NAME}-missed` },
        },
      });
      const names = resources.flatMap(({ type, inputs }) =>
        ["name", "bucket"].flatMap((key) =>
          typeof inputs[key] === "string" && /:(Role|Bucket|Queue|Secret|LogGroup|Project|Schedule)$/.test(type)
            ? [`${type} ${inputs[key]}`]
            : [],
        ),
      );
      expect(names).toHaveLength(new Set(names).size);
    }
    expect(ofMirrors(await standby({ mirrorIntervalHours: undefined }))).toEqual([]);
  }, 30_000);

  it("runs one at a time with the mirrors' tokens by reference, and has no secret in clear", async () => {
    const resources = await standby();
    const { environment, ...project } = named(resources, "mirrors-project").inputs as {
      environment: { environmentVariables: { name: string; type: string; value: string }[] };
    };
    expect(project).toMatchObject({
      name: NAME,
      serviceRole: `arn:aws:iam:::role/${ROLE}`,
      buildTimeout: 60,
      concurrentBuildLimit: 1,
      source: { location: `${codeBucketName(SITE, "mirror")}/0ddba11/`, buildspec: mirrorBuildspec("0ddba11") },
      logsConfig: { cloudwatchLogs: { groupName: "/castchat-recovery/standby/mirror" } },
    });
    const [settings, ...secrets] = environment.environmentVariables;
    expect(MIRROR_RUN_SETTINGS.parse(JSON.parse(settings!.value))).toMatchObject({
      stack: "dr",
      region: STANDBY.awsRegion,
      apps: [{ repository: "castchat/castchat", branch: "main", mirror: "mirrors/castchat-mirror" }],
    });
    expect(secrets.map(({ name, type }) => [name, type])).toEqual(
      ["GITHUB_TOKEN", "MIRROR_GITHUB_TOKEN", "GITLAB_TOKEN"].map((name) => [name, "SECRETS_MANAGER"]),
    );
    const valueIn = (part: string) => documentOf(resources, `mirrors-secret-${part}-value`, "secretString");
    expect(valueIn("mirror-github")).toEqual({ MIRROR_GITHUB_TOKEN: "swordfish" });
    expect(valueIn("gitlab")).toEqual({ GITLAB_TOKEN: NO_TOKEN });
    expect(JSON.stringify(named(resources, "mirrors-project").inputs)).not.toContain("swordfish");
    const spec = JSON.stringify(JSON.parse(mirrorBuildspec("0ddba11")));
    expect(spec).toContain("node mirrorRun.mjs");
    expect(spec).not.toContain("postgres");
  });

  it("has a role that reaches its own log, code and secrets, and nothing of the vault or the backups", async () => {
    const resources = await standby({ mode: "active" });
    const policy = documentOf(resources, "mirrors-role-policy");
    expect(policy).toEqual(mirrorPermissions(SITE, "node:1"));
    expect(documentOf(resources, "mirrors-starter-policy")).toEqual(starterPermissions(SITE, "mirror"));
    const may = (action: string, resource: string) =>
      judge([JSON.stringify(policy)], {
        action,
        resource,
        principal: `arn:aws:iam::${SITE.accountId}:role/${scheduleRoleName(SITE, "runner", "mirror")}`,
        context: {},
      }) === "allowed";
    const secret = (name: string) =>
      `arn:aws:secretsmanager:${SITE.region}:${SITE.accountId}:secret:castchat-recovery/standby/${name}-AbCdEf`;
    expect(may("secretsmanager:GetSecretValue", secret("mirror/github"))).toBe(true);
    expect(may("secretsmanager:GetSecretValue", secret("runner/database"))).toBe(false);
    expect(may("s3:GetObject", `arn:aws:s3:::${codeBucketName(SITE, "mirror")}/x`)).toBe(true);
    for (const action of ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
      expect(may(action, `${vaultBucketArn(SITE)}/daily/x`)).toBe(false);
    expect(policy.Statement).toContainEqual(keepsTrail(SITE));
  });
});
