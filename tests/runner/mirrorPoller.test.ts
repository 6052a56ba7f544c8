import { CodeBuild } from "@aws-sdk/client-codebuild";
import { IAM } from "@aws-sdk/client-iam";
import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { execa } from "execa";

import { serviceTrust } from "../../components/schedulePolicies.ts";
import { bundle } from "../../runner/bundle.ts";
import { awsMirrorBuilds } from "../../services/scheduler/mirrorBuilds.ts";
import { NO_TOKEN } from "../../settings/runnerSettings.ts";
import { startMiniCloud } from "../provider/recovery/miniCloud.ts";
import { mirroredIn } from "../recovery/mirror/mirrored.ts";
import { startTestCloud, type TestCloud } from "../recovery/support/cloud.ts";
import { makeTestFolder } from "../support/folder.ts";
import { forSuite } from "../support/suite.ts";

const ACCOUNT = "000000000000";
const signal = new AbortController().signal;
const hosts = forSuite(startMiniCloud);

describe("the function that polls the mirrors, as its bundle", () => {
  let cloud: TestCloud;
  let folder: Awaited<ReturnType<typeof makeTestFolder>>;
  let poll: (secrets: Record<string, string>) => Promise<{ failed: boolean; log: string }>;

  beforeAll(async () => {
    [cloud, folder] = await Promise.all([startTestCloud(), makeTestFolder()]);
    const { region, endpoint } = cloud;
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const common = { region, endpoint, credentials };
    const site = { project: "p", role: "standby", accountId: ACCOUNT, region } as const;
    const project = `arn:aws:codebuild:${region}:${ACCOUNT}:project/mirror`;
    const trust = JSON.stringify(serviceTrust("codebuild.amazonaws.com", site, project));
    const { Role } = await new IAM(common).createRole({ RoleName: "mirror", AssumeRolePolicyDocument: trust });
    await new CodeBuild(common).createProject({
      name: "mirror",
      serviceRole: Role?.Arn,
      concurrentBuildLimit: 1,
      artifacts: { type: "NO_ARTIFACTS" },
      source: { type: "S3", location: "code/1/", buildspec: "{}" },
      environment: { type: "LINUX_CONTAINER", image: "any", computeType: "BUILD_GENERAL1_SMALL" },
      logsConfig: { cloudWatchLogs: { status: "ENABLED", groupName: "/mirror" } },
    });
    const secrets = new SecretsManager(common);
    const token = hosts.credentials.githubToken;
    await secrets.createSecret({ Name: "m/source", SecretString: JSON.stringify({ GITHUB_TOKEN: token }) });
    await secrets.createSecret({ Name: "m/none", SecretString: JSON.stringify({ GITHUB_TOKEN: NO_TOKEN }) });

    const pair = await mirroredIn(hosts).pair("function");
    await pair.commit("a.txt");
    await pair.push("main");
    const { path } = bundle("mirrorPoller", folder.path);
    const call = `const { handler } = await import(${JSON.stringify(path)}); await handler();`;
    poll = async (named) => {
      const settings = {
        stack: "dr",
        region,
        project: "mirror",
        intervalMinutes: 5,
        secrets: named,
        endpointAws: endpoint,
        endpointGithub: new URL(pair.source).origin,
        repositories: [{ repository: "castchat/function", source: pair.source, mirrors: [pair.mirror] }],
      };
      const { failed, stdout, stderr } = await execa("node", ["--input-type=module", "--eval", call], {
        env: {
          PATH: process.env["PATH"],
          AWS_ACCESS_KEY_ID: "test",
          AWS_SECRET_ACCESS_KEY: "test",
          MIRROR_POLL_SETTINGS: JSON.stringify(settings),
        },
        extendEnv: false,
        reject: false,
      });
      return { failed, log: stdout + stderr };
    };
  }, 60_000);
  afterAll(async () => {
    await Promise.all([cloud.stop(), folder.remove()]);
  });

  it("starts the build for a mirror that is behind, and logs the lag as a metric and no token", async () => {
    const { failed, log } = await poll({ GITHUB_TOKEN: "m/source" });
    expect({ failed, log }).toMatchObject({ failed: false });
    expect(log).toContain('"MirrorLagSeconds":300');
    expect(log).toContain("A mirror build has been started for castchat/function");
    expect(log).not.toContain(hosts.credentials.githubToken);
    const builds = awsMirrorBuilds({ project: "mirror", region: cloud.region, endpoint: cloud.endpoint });
    const [build] = await builds.newest(signal);
    expect(build).toMatchObject({ job: { "castchat/function": { had: "-", attempts: 1 } } });
  });

  it("fails with a sentence that names the token, if its secret has none", async () => {
    const { failed, log } = await poll({ GITHUB_TOKEN: "m/none" });
    expect(failed).toBe(true);
    expect(log).toContain("GITHUB_TOKEN is not set");
  });
});
