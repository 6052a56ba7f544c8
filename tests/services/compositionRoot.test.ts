import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";

import { portsOf } from "../../cli/stack/services.ts";
import { recoveryConfig, recoveryContext } from "../../provider/recovery/context.ts";
import { readInput } from "../../runner/input.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import { type Ports, services } from "../../services/services.ts";
import { flatEndpoints } from "../../settings/endpoints.ts";
import { RUNNER_SETTINGS, type RunnerToken } from "../../settings/runnerSettings.ts";
import { parseSettings } from "../../settings/settings.ts";
import { PRIMARY_SETTINGS } from "../support/primarySettings.ts";
import { SCHEDULED_RUN } from "../support/scheduledRun.ts";
import { serve, startTestServer } from "./support/testServer.ts";

const TOKENS: Record<RunnerToken, string> = {
  VERCEL_API_TOKEN: "vercel-token",
  GITHUB_TOKEN: "github-token",
  CLOUDFLARE_API_TOKEN: "cloudflare-token",
  SUPABASE_ACCESS_TOKEN: "supabase-token",
};
const KEY = { AWS_ACCESS_KEY_ID: "KEYOFTHETEST", AWS_SECRET_ACCESS_KEY: "s" };
const signal = new AbortController().signal;
const lacking = (variable: string) =>
  `${variable} is not set: set it to a token with the rights that docs/accounts.md lists. Type: read -rs ${variable} && export ${variable} (then paste it)`;

/** Ports that every way in has. */
type Common = Pick<Ports, "databaseHost" | "appHost" | "dns" | "projectContent" | "vault">;

/** What is asked of each port; answers don't matter, and a refusal ends a call at once. */
const CALLS: Record<string, (ports: Common) => Promise<unknown>> = {
  databaseHost: async (ports) => ports.databaseHost().project("abc"),
  projectContent: async (ports) => ports.projectContent("abc").functions(),
  storage: async (ports) => ports.projectContent("abc").getObject({ bucket: "b", name: "n" }),
  appHost: async (ports) => ports.appHost().project("p"),
  dns: async (ports) => ports.dns().zoneId("a.example"),
  vault: async (ports) => ports.vault("bucket").list("daily/"),
};

let server: Awaited<ReturnType<typeof startTestServer>>;
const before = { ...process.env };
beforeAll(async () => {
  Object.assign(process.env, KEY);
  server = await startTestServer([{ status: 400, body: { message: "no" } }]);
});
beforeEach(() => void server.seen.splice(0));
afterAll(async () => {
  process.env = before;
  await server.stop();
});

/** The addresses of one stack; each way in gets them in its own form. */
const endpoints = () => ({
  ...Object.fromEntries(
    ["aws", "vercel", "github", "gitlab", "cloudflare", "supabase"].map((name) => [name, server.url]),
  ),
  supabaseProject: `${server.url}/projects/{ref}`,
});
const viaCommandLine = (environment: NodeJS.ProcessEnv): Common =>
  portsOf(parseSettings({ ...PRIMARY_SETTINGS, ...flatEndpoints(endpoints()) }, "prod"), environment);
const declared = () => ({ ...SCHEDULED_RUN, vercelTeam: "acme", ...flatEndpoints(endpoints()) });
const viaRun = (environment: NodeJS.ProcessEnv): Common =>
  readInput({ ...environment, RUNNER_SETTINGS: JSON.stringify(declared()), DATABASE_URL: "postgresql://h/d" }).ports;
const viaProvider = (environment: NodeJS.ProcessEnv): Common => {
  const config = { awsRegion: "ap-northeast-1", vercelTeam: "acme", ...flatEndpoints(endpoints()) };
  return recoveryContext(recoveryConfig.parse(config), environment);
};

/** Requests, with what of the signature or token stays the same from one time to the next; and the errors. */
async function asked(ports: Common): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(CALLS)) {
    server.seen.splice(0);
    const error = await call(ports).then(
      () => "answered",
      (thrown: unknown) => [thrown instanceof UserError, messageOf(thrown)],
    );
    const requests = server.seen.map(({ method, url, headers: { authorization = "" } }) =>
      [method, url, authorization.replace(/\/\d{8}\/|, SignedHeaders.*$/g, " ")].join(" "),
    );
    found[name] = { error, requests };
  }
  return found;
}

describe("the ports of the command line, a scheduled run and the provider", () => {
  it("ask at the same addresses with the same credentials", async () => {
    const first = await asked(viaCommandLine({ ...TOKENS }));
    expect(await asked(viaRun({ ...TOKENS }))).toEqual(first);
    expect(await asked(viaProvider({ ...TOKENS }))).toEqual(first);
    const requests = Object.values(first).flatMap((one) => (one as { requests: string[] }).requests);
    expect(requests).toEqual([
      "GET /v1/projects/abc Bearer supabase-token",
      "GET /v1/projects/abc/functions Bearer supabase-token",
      "GET /v1/projects/abc/api-keys?reveal=true Bearer supabase-token",
      "GET /v9/projects/p?slug=acme Bearer vercel-token",
      "GET /client/v4/zones?name=a.example Bearer cloudflare-token",
      "GET /bucket/?prefix=daily%2F&versions= AWS4-HMAC-SHA256 Credential=KEYOFTHETEST ap-northeast-1/s3/aws4_request ",
    ]);
  }, 60_000);

  it.each([
    ["without a variable", {}],
    ["with empty ones", Object.fromEntries(Object.keys(TOKENS).map((variable) => [variable, ""]))],
  ])("lack the same %s, in the same words", async (_, environment) => {
    const first = await asked(viaCommandLine(environment));
    expect(await asked(viaRun(environment))).toEqual(first);
    expect(await asked(viaProvider(environment))).toEqual(first);
    const refused = (variable: RunnerToken) => ({ error: [true, lacking(variable)], requests: [] });
    for (const name of ["databaseHost", "projectContent", "storage"])
      expect(first[name]).toEqual(refused("SUPABASE_ACCESS_TOKEN"));
    expect(first["appHost"]).toEqual(refused("VERCEL_API_TOKEN"));
    expect(first["dns"]).toEqual(refused("CLOUDFLARE_API_TOKEN"));
  });
});

describe("the composition root", () => {
  const places = () => ({ awsRegion: "ap-northeast-1", endpoints: endpoints() });

  it.each<[RunnerToken[], string[]]>([
    [[], ["appHost", "codeHost", "databaseHost", "dns", "git"]],
    [["VERCEL_API_TOKEN"], ["codeHost", "databaseHost", "dns", "git"]],
    [["GITHUB_TOKEN"], ["appHost", "databaseHost", "dns"]],
    [
      ["CLOUDFLARE_API_TOKEN", "SUPABASE_ACCESS_TOKEN"],
      ["appHost", "codeHost", "git"],
    ],
    [Object.keys(TOKENS) as RunnerToken[], []],
  ])("with %j lacks %j", (set, without) => {
    const environment = Object.fromEntries(set.map((variable) => [variable, TOKENS[variable]]));
    const { ports, lacks, token } = services(places(), environment);
    const unset = (Object.keys(TOKENS) as RunnerToken[]).filter((variable) => !set.includes(variable));
    expect(lacks).toEqual(unset.map((variable) => ({ variable, why: lacking(variable) })));
    for (const variable of unset) expect(() => token(variable)).toThrow(new UserError(lacking(variable)));
    for (const variable of set) expect(token(variable)).toBe(TOKENS[variable]);
    const refused = (["appHost", "codeHost", "databaseHost", "dns", "git"] as const).filter((name) => {
      try {
        ports[name]();
        return false;
      } catch (error) {
        expect(lacks.map(({ why }) => why)).toContain(messageOf(error));
        return true;
      }
    });
    expect(refused).toEqual(without);
    // These need no token, or say only when they are used that it is not set.
    for (const name of ["vault", "signer", "vaultBucket", "projectContent"] as const)
      expect(ports[name]("x")).toBeDefined();
  });

  it("uses a stack's secrets in place of the shell's variables, and names them when they are refused", async () => {
    const refusing = await startTestServer([{ status: 403, body: { error: { message: "no" }, errors: [] } }]);
    try {
      const at = { ...places(), endpoints: { vercel: refusing.url, cloudflare: refusing.url } };
      const secrets = { dnsToken: "d", peerVercelToken: "p", peerVercelTeam: "prod", vercelTeam: "dr" };
      const { ports, lacks, token } = services({ ...at, ...secrets }, {});
      expect(lacks.map(({ variable }) => variable)).not.toContain("CLOUDFLARE_API_TOKEN");
      expect(token("CLOUDFLARE_API_TOKEN")).toBe("d");
      const asked = async (made: Ports, name: "dns" | "peerAppHost" | "appHost"): Promise<string> => {
        const call = name === "dns" ? made.dns().zoneId("a.example") : made[name]().project("x");
        return await call.then(String, messageOf);
      };
      expect(await asked(ports, "dns")).toMatch(/Check dnsToken: .*Type: pulumi config set --secret dnsToken -s STACK/);
      expect(await asked(ports, "peerAppHost")).toMatch(/Check peerVercelToken: /);
      const both = services({ ...at, ...secrets }, { ...TOKENS }).ports;
      expect(await asked(both, "appHost")).toMatch(/Check VERCEL_API_TOKEN: /);
      await asked(both, "peerAppHost");
      await asked(both, "dns");
      const other = services({ ...at, vercelTeam: "dr", peerVercelTeam: "prod" }, { ...TOKENS }).ports;
      await asked(other, "peerAppHost");
      await asked(services({ ...at, vercelTeam: "dr" }, { ...TOKENS }).ports, "peerAppHost");
      const seen = refusing.seen.map(({ url, headers }) => {
        const slug = new URL(url, refusing.url).searchParams.get("slug");
        return `${headers.authorization?.replace("Bearer ", "")}${slug === null ? "" : ` in ${slug}`}`;
      });
      expect(seen).toEqual([
        ...["d", "p in prod", "vercel-token in dr", "p in prod", "d"],
        ...["vercel-token in prod", "vercel-token in dr"],
      ]);
    } finally {
      await refusing.stop();
    }
  });

  it("sends the code host's token only to that host", async () => {
    const { ports } = services(places(), { ...TOKENS });
    const [codeHost, git] = [ports.codeHost(), ports.git()];
    await codeHost.exportRepository("o/r").catch(() => undefined);
    await git.remoteRefs(`${server.url}/o/r.git`, [], signal).catch(() => undefined);
    const seen = server.seen.map(({ url, headers }) => [url, headers.authorization]);
    expect(seen[0]).toEqual(["/api/v3/repos/o/r", "Bearer github-token"]);
    expect(seen[1]?.[0]).toMatch(/^\/o\/r\.git\/info\/refs/);
    expect(Buffer.from(String(seen[1]?.[1]).replace("Basic ", ""), "base64").toString()).toMatch(/:github-token$/);
    const elsewhere = services({ ...places(), endpoints: {} }, { ...TOKENS }).ports.git();
    server.seen.splice(0);
    await elsewhere.remoteRefs(`${server.url}/o/r.git`, [], signal).catch(() => undefined);
    expect(server.seen[0]?.headers.authorization).toBeUndefined();
  });

  it("reaches the mirrors' owner with its own token, and the source without one", async () => {
    const tokenSent = async (environment: NodeJS.ProcessEnv, path: string) => {
      server.seen.splice(0);
      const { ports } = services({ ...places(), mirrorOwner: "mirrors" }, environment);
      await ports
        .git()
        .remoteRefs(`${server.url}/${path}.git`, [], signal)
        .catch(() => undefined);
      const basic = (server.seen[0]?.headers.authorization ?? "").replace("Basic ", "");
      return Buffer.from(basic, "base64").toString();
    };
    const both = { GITHUB_TOKEN: "source", MIRROR_GITHUB_TOKEN: "mirror" };
    expect(await tokenSent(both, "o/r")).toBe("x-access-token:source");
    expect(await tokenSent(both, "mirrors/r")).toBe("x-access-token:mirror");
    expect(await tokenSent({ GITHUB_TOKEN: "source" }, "mirrors/r")).toBe("x-access-token:source");
    expect(await tokenSent({ MIRROR_GITHUB_TOKEN: "mirror" }, "mirrors/r")).toBe("x-access-token:mirror");
    expect(await tokenSent({ MIRROR_GITHUB_TOKEN: "mirror" }, "o/r")).toBe("");
  });

  it("asks a public name at the edge that the settings name", async () => {
    const edge = await serve({ body: { ok: true } });
    const { ports } = services({ ...places(), endpoints: { edge: edge.url } }, {});
    await ports.edge("https://app.a.example/health", signal);
    expect(edge.seen).toMatchObject([{ url: "/health", headers: { host: "app.a.example" } }]);
  });

  it("has the patience with Supabase that it is asked for", async () => {
    const silent = await serve({ hang: true });
    const { ports } = services({ ...places(), endpoints: { supabase: silent.url } }, { ...TOKENS });
    await expect(ports.databaseHost(30).project("abc")).rejects.toThrow("no answer within 0.03 s");
  });
});

describe("addresses as they are written", () => {
  it("are what the program declares, and what a run and the provider read", () => {
    const all = { ...endpoints(), edge: "http://localhost:1" };
    const flat = flatEndpoints(all);
    expect(Object.keys(flat)).toEqual([
      ...[
        "endpointAws",
        "endpointVercel",
        "endpointGithub",
        "endpointGitlab",
        "endpointCloudflare",
        "endpointSupabase",
        "endpointEdge",
      ],
      "supabaseProjectUrl",
    ]);
    expect(RUNNER_SETTINGS.parse({ ...declared(), ...flat }).endpoints).toEqual(all);
    expect(recoveryConfig.parse({ awsRegion: "x", ...flat })).toEqual({ awsRegion: "x", ...flat });
  });
});
