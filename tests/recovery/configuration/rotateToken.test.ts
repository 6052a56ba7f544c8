import { randomBytes } from "node:crypto";

import { SecretsManager } from "@aws-sdk/client-secrets-manager";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { rotateToken, type TokenRotation } from "../../../recovery/configuration/rotateToken.ts";
import { UserError } from "../../../services/common/errors.ts";
import { awsRunnerSecrets, type RunnerSecrets } from "../../../services/scheduler/runnerSecrets.ts";
import { services } from "../../../services/services.ts";
import { NO_TOKEN, type RunnerToken } from "../../../settings/runnerSettings.ts";
import { TOKEN } from "../../lab/sandbox/emulators/support.ts";
import { startEmulatorHost } from "../../services/support/emulatorHost.ts";
import { serve } from "../../services/support/testServer.ts";
import { createGithubEmulator } from "../../support/emulators.ts";
import { startTestCloud, type TestCloud } from "../support/cloud.ts";

const signal = new AbortController().signal;
const END = new Date("2026-12-31T08:00:00Z");

describe("the token of a service for the scheduled runs", () => {
  let cloud: TestCloud;
  let aws: SecretsManager;
  let secrets: RunnerSecrets;
  let secret: string;
  let github: Awaited<ReturnType<typeof startEmulatorHost>>;
  const valueNow = async () => JSON.parse((await aws.getSecretValue({ SecretId: secret })).SecretString!) as unknown;

  beforeAll(async () => {
    cloud = await startTestCloud();
    const { region, endpoint } = cloud;
    aws = new SecretsManager({ region, endpoint });
    secrets = awsRunnerSecrets({ region, endpoint, keyOf: () => "GITHUB_TOKEN", none: NO_TOKEN });
    secret = `p/primary/runner/github-${randomBytes(4).toString("hex")}`;
    await aws.createSecret({ Name: secret, SecretString: JSON.stringify({ GITHUB_TOKEN: NO_TOKEN }) });
    const token = { owner: "castchat", workflows: false, expiresAt: END };
    github = await startEmulatorHost(
      (deps) => createGithubEmulator(deps, { githubToken: token, mirrorGithubToken: token }),
      () => undefined,
    );
    await github.call("POST /api/v3/orgs/castchat/repos", { name: "app", private: true });
  });
  afterAll(async () => {
    aws.destroy();
    await github.stop();
    await cloud.stop();
  });

  const things = {
    vercelProjects: ["castchat"],
    repositories: ["castchat/app"],
    zoneName: "castchat.jp",
    supabaseRef: "abc",
  };
  const rotation = (token: string, more: Partial<TokenRotation> = {}): TokenRotation => {
    const at = { awsRegion: "ap-northeast-1", endpoints: { github: github.url } };
    const { ports, inspectToken } = services(at, { GITHUB_TOKEN: token });
    const inspect = () => inspectToken("GITHUB_TOKEN", signal);
    return { variable: "GITHUB_TOKEN", token, ports, inspect, things, secrets, secret, signal, ...more };
  };

  it("is set with its expiry beside it, and read again", async () => {
    expect(await secrets.read(secret)).toMatchObject({ token: undefined, expiresAt: undefined });
    expect(await rotateToken(rotation(TOKEN))).toMatchObject({ isValid: true, expiresAt: END });
    expect(await valueNow()).toEqual({ GITHUB_TOKEN: TOKEN, expiresAt: END.toISOString() });
    expect(await secrets.read(secret)).toEqual({ token: TOKEN, expiresAt: END, setAt: expect.any(Date) });
    await secrets.write(secret, { token: TOKEN, expiresAt: "never" });
    expect(await secrets.read(secret)).toMatchObject({ expiresAt: "never" });
  });

  it("stays as it is when the new one is refused, or does not show what the runs read", async () => {
    const before = await valueNow();
    const wrong = rotateToken(rotation("wrong-and-secret"));
    await expect(wrong).rejects.toBeInstanceOf(UserError);
    await expect(wrong).rejects.toThrow(
      "The service does not accept the token in RUNNER_GITHUB_TOKEN: it is wrong, revoked or expired. Nothing was changed. Type: read -rs RUNNER_GITHUB_TOKEN",
    );
    const other = rotateToken(rotation(TOKEN, { things: { ...things, repositories: ["castchat/app", "other/app"] } }));
    await expect(other).rejects.toThrow("The token in RUNNER_GITHUB_TOKEN does not show the repository other/app.");
    expect(await valueNow()).toEqual(before);
  });

  it("needs the stack's secret", async () => {
    const absent = rotateToken(rotation(TOKEN, { secret: "p/primary/runner/absent" }));
    await expect(absent).rejects.toThrow(
      /There is no secret "p\/primary\/runner\/absent" in .*: this version's `pulumi up`/,
    );
    expect(await secrets.read("p/primary/runner/absent")).toBeUndefined();
  });

  it.each<[RunnerToken, string]>([
    ["VERCEL_API_TOKEN", "the Vercel project castchat"],
    ["CLOUDFLARE_API_TOKEN", "the DNS zone castchat.jp"],
    ["SUPABASE_ACCESS_TOKEN", "the Supabase project abc"],
  ])("%s has to show %s", async (variable, thing) => {
    const server = await serve({ status: 403 });
    const endpoints = { vercel: server.url, cloudflare: server.url, supabase: server.url };
    const { ports } = services({ awsRegion: "ap-northeast-1", endpoints }, { [variable]: TOKEN });
    const inspect = () => Promise.resolve({ isValid: true, scopes: undefined, expiresAt: undefined });
    await expect(rotateToken(rotation(TOKEN, { variable, ports, inspect }))).rejects.toThrow(`does not show ${thing}`);
  });
});
