import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Hono } from "hono";

import type { EmulatorDependencies } from "../../lab/sandbox/host/services.ts";
import { UserError } from "../../services/common/errors.ts";
import { UnreachableError } from "../../services/http/http.ts";
import { services } from "../../services/services.ts";
import type { RunnerToken } from "../../settings/runnerSettings.ts";
import { TOKEN } from "../lab/sandbox/emulators/support.ts";
import {
  createCloudflareEmulator,
  createGithubEmulator,
  createSupabaseEmulator,
  createVercelEmulator,
} from "../support/emulators.ts";
import { startEmulatorHost } from "./support/emulatorHost.ts";
import { type Reply, serve } from "./support/testServer.ts";

/** The clock of the emulators, and an instant after it. */
const NOW = new Date("2026-01-02T03:04:05Z");
const LATER = new Date("2026-01-31T08:00:00Z");
const signal = new AbortController().signal;
const WRONG = { isValid: false, scopes: undefined, expiresAt: undefined };

interface Case {
  service: "vercel" | "github" | "cloudflare" | "supabase";
  start: (deps: EmulatorDependencies, expiresAt: Date | undefined) => { app: Hono };
  scopes: readonly string[] | undefined;
  /** Whether the service shows when a token ends. */
  showsExpiry: boolean;
}

const CASES: Record<RunnerToken, Case> = {
  VERCEL_API_TOKEN: {
    service: "vercel",
    start: (deps, end) => createVercelEmulator(deps, { ...(end && { tokenExpiresAt: end }) }),
    scopes: ["user"],
    showsExpiry: true,
  },
  GITHUB_TOKEN: {
    service: "github",
    start: (deps, end) => {
      const token = { workflows: true, ...(end && { expiresAt: end }) };
      return createGithubEmulator(deps, { githubToken: token, mirrorGithubToken: token });
    },
    scopes: ["repo", "workflow"],
    showsExpiry: true,
  },
  CLOUDFLARE_API_TOKEN: {
    service: "cloudflare",
    start: (deps, end) => createCloudflareEmulator(deps, { createsZones: false, ...(end && { expiresAt: end }) }),
    scopes: undefined,
    showsExpiry: true,
  },
  SUPABASE_ACCESS_TOKEN: {
    service: "supabase",
    start: (deps, end) =>
      createSupabaseEmulator(deps, {
        plan: "free",
        encodesFunctions: false,
        diskBytes: 8e9,
        ...(end && { tokenExpiresAt: end }),
      }),
    scopes: undefined,
    showsExpiry: false,
  },
};

const at = (service: Case["service"], url: string) => ({
  awsRegion: "ap-northeast-1",
  endpoints: { [service]: url },
  mirrorOwner: "castchat-standby",
});

describe.each(Object.entries(CASES) as [RunnerToken, Case][])("%s", (variable, one) => {
  const { service, scopes, showsExpiry } = one;
  const start = (end?: Date) =>
    startEmulatorHost(
      (deps) => one.start(deps, end),
      () => undefined,
    );
  const asked = (url: string, token = TOKEN) =>
    services(at(service, url), { [variable]: token }).inspectToken(variable, signal);
  let host: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    host = await start();
  });
  afterAll(() => host.stop());

  it("is valid, with what the service shows of it", async () => {
    const expiresAt = showsExpiry ? "never" : undefined;
    expect(await asked(host.url)).toEqual({ isValid: true, scopes, expiresAt });
  });

  it("is not valid if it is wrong, and unknown while the service is down", async () => {
    expect(await asked(host.url, "wrong-and-secret")).toEqual(WRONG);
    await expect(asked("http://127.0.0.1:9")).rejects.toBeInstanceOf(UnreachableError);
  });

  it("is shown with its end, and is then no longer valid", async () => {
    for (const [end, facts] of [
      [LATER, { isValid: true, scopes, expiresAt: showsExpiry ? LATER : undefined }],
      [NOW, WRONG],
    ] as const) {
      const other = await start(end);
      try {
        expect(await asked(other.url)).toEqual(facts);
      } finally {
        await other.stop();
      }
    }
  });
});

// Answers as the services document them, where they differ from the sandbox's.
describe("a token", () => {
  const asked = async (variable: RunnerToken, ...replies: Reply[]) => {
    const server = await serve(...replies);
    return services(at(CASES[variable].service, server.url), { [variable]: TOKEN }).inspectToken(variable, signal);
  };
  const accepted = { isValid: true, scopes: undefined, expiresAt: undefined };

  it.each<[string, RunnerToken, Reply[], object]>([
    ["of an app on GitHub, which is no user's", "GITHUB_TOKEN", [{ status: 403 }], accepted],
    [
      "whose expiry has an offset",
      "GITHUB_TOKEN",
      [{ headers: { "github-authentication-token-expiration": "2026-12-31 17:00:00 +0900" } }],
      { expiresAt: new Date("2026-12-31T08:00:00Z") },
    ],
    [
      "whose expiry cannot be read",
      "GITHUB_TOKEN",
      [{ headers: { "github-authentication-token-expiration": "soon" } }],
      { isValid: true, expiresAt: undefined },
    ],
    ["that Cloudflare has disabled", "CLOUDFLARE_API_TOKEN", [{ body: { result: { status: "disabled" } } }], WRONG],
    [
      "of a Cloudflare account, which is no user's",
      "CLOUDFLARE_API_TOKEN",
      [{ status: 401, body: { errors: [{ code: 1000, message: "Invalid API Token" }] } }, { body: { result: [] } }],
      accepted,
    ],
    [
      "that has not the form of one",
      "CLOUDFLARE_API_TOKEN",
      [{ status: 400, body: { errors: [{ code: 6003, message: "Invalid request headers" }] } }],
      WRONG,
    ],
    [
      "that may only list projects on Vercel",
      "VERCEL_API_TOKEN",
      [{ status: 403 }, { body: { projects: [] } }],
      accepted,
    ],
    ["of one project on Supabase", "SUPABASE_ACCESS_TOKEN", [{ status: 403 }], accepted],
  ])("%s", async (_, variable, replies, facts) => expect(await asked(variable, ...replies)).toMatchObject(facts));

  it("of the mirrors' owner is asked with its own value, or with that of the source", async () => {
    const server = await serve({});
    const environment = { GITHUB_TOKEN: "source", MIRROR_GITHUB_TOKEN: "mirror" };
    await services(at("github", server.url), environment).inspectToken("MIRROR_GITHUB_TOKEN", signal);
    await services(at("github", server.url), { GITHUB_TOKEN: "source" }).inspectToken("MIRROR_GITHUB_TOKEN", signal);
    await services(at("github", server.url), {}).inspectToken("GITHUB_TOKEN", signal, "other");
    expect(server.seen.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer mirror",
      "Bearer source",
      "Bearer other",
    ]);
    const without = services(at("github", server.url), {}).inspectToken("GITHUB_TOKEN", signal);
    await expect(without).rejects.toBeInstanceOf(UserError);
  });
});
