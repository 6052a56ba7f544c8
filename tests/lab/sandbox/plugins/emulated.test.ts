import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../../lab/sandbox/host/layout.ts";
import { HoldingProxy } from "../../../recovery/site/support/holdingProxy.ts";
import { TestStack } from "../../../support/testStack.ts";
import type { Sent } from "./support/officialVercel.ts";
import * as official from "./support/officialVercel.ts";

const TOKEN = "plugins-token";

describe("the sandbox's vercel, github and cloudflare plugins against the emulators", () => {
  let stack: TestStack;
  let emulators: ChildProcess;
  let at: Record<"vercel" | "github" | "cloudflare", string>;
  let vercel: HoldingProxy;

  beforeAll(async () => {
    stack = await TestStack.create([join(PROJECT_ROOT, "lab/sandbox/plugins/bin")], {
      VERCEL_API_TOKEN: TOKEN,
      GITHUB_TOKEN: TOKEN,
      CLOUDFLARE_API_TOKEN: TOKEN,
    });
    const starter = join(PROJECT_ROOT, "tests/lab/sandbox/plugins/support/startEmulators.ts");
    const child = spawn("node", [starter, stack.folder, TOKEN], { stdio: ["pipe", "pipe", "inherit"] });
    emulators = child;
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    at = JSON.parse(line.toString()) as typeof at;
    vercel = await HoldingProxy.start(at.vercel);
    stack.environment["SANDBOX_VERCEL_URL"] = vercel.address;
  }, 60_000);
  afterAll(async () => {
    emulators.stdin?.end();
    const [code] = (await once(emulators, "exit")) as [number];
    await vercel.stop();
    await stack.dispose();
    expect(`contract kept: ${code === 0}`).toBe("contract kept: true");
  });

  const program = (body: string) => `
    const vercel = require("@pulumiverse/vercel"), github = require("@pulumi/github"), cloudflare = require("@pulumi/cloudflare");
    const onVercel = { provider: new vercel.Provider("vercel", { team: "castchat" }) };
    const onGithub = { provider: new github.Provider("github", { owner: "castchat", baseUrl: "${at.github}/" }) };
    const onCloudflare = { provider: new cloudflare.Provider("cloudflare", { baseUrl: "${at.cloudflare}/client/v4" }) };
    ${body}`;

  /** Changes something at a service outside of the program. */
  async function outside(method: string, url: string, body?: object): Promise<Record<string, unknown>> {
    const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
    const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}: ${await response.text()}`);
    return (response.status === 204 ? {} : await response.json()) as Record<string, unknown>;
  }

  const idsByName = async () =>
    new Map((await stack.resources()).map(({ urn, id = "" }) => [urn.split("::").at(-1), id]));

  it("create every type, change nothing twice, show drift and lost parts, destroy", async () => {
    await stack.program(program(ALL));
    await stack.must("up", "--yes", "--skip-preview");
    expect(await stack.previewSummary("--refresh")).toEqual({ same: 13 });
    const permissions = `${at.github}/api/v3/repos/castchat/mirror/actions/permissions`;
    expect(await outside("GET", permissions)).toEqual({ enabled: false });
    const outputs = JSON.parse(await stack.must("stack", "output", "--json")) as Record<string, string>;
    expect(outputs).toMatchObject({ fullName: "castchat/mirror", status: "active" });
    expect(outputs["autoNamed"]).toMatch(/^app-[0-9a-f]{7}$/);

    const ids = await idsByName();
    const records = `${at.cloudflare}/client/v4/zones/${ids.get("zone")}/dns_records/${ids.get("www")}`;
    await outside("PATCH", records, { type: "CNAME", name: "www", content: "elsewhere.example.com", ttl: 300 });
    await outside("PATCH", `${at.github}/api/v3/repos/castchat/mirror`, { visibility: "public" });
    await outside("PUT", permissions, { enabled: true, allowed_actions: "all" });
    const project = ids.get("app") ?? "";
    await outside("PATCH", `${at.vercel}/v9/projects/${project}`, { buildCommand: "rm -rf" });
    await outside("DELETE", `${at.vercel}/v9/projects/${project}/env/${ids.get("single")}`);
    const drift = await stack.must("refresh", "--yes", "--diff");
    for (const sign of ["elsewhere.example.com", "visibility", "buildCommand", "1 deleted"])
      expect(drift).toContain(sign);
    expect(await stack.rawState()).not.toContain("swordfish");
    expect(await stack.previewSummary()).toEqual({ same: 8, update: 4, create: 1 });

    const changed = ALL.replace('description: "first"', 'description: "second"')
      .replace('value: "swordfish"', 'value: "marlin"')
      .replace('{ key: "GONE", value: "x", targets: ["preview"], sensitive: false },', "");
    await stack.program(program(changed));
    await stack.must("up", "--yes", "--skip-preview");
    expect(await stack.previewSummary()).toEqual({ same: 13 });
    expect(await outside("GET", permissions)).toEqual({ enabled: false });
    const { envs } = await outside("GET", `${at.vercel}/v10/projects/${project}/env?decrypt=true`);
    expect((envs as { key: string }[]).map(({ key }) => key).sort()).toEqual(["DATABASE_URL", "SINGLE", "URL"]);
    expect(await outside("GET", `${at.github}/api/v3/repos/castchat/mirror`)).toMatchObject({
      description: "second",
      visibility: "private",
    });

    await stack.must("destroy", "--yes", "--skip-preview");
    // The archived repository stays.
    expect(await outside("GET", `${at.github}/api/v3/repos/castchat/mirror`)).toMatchObject({ archived: true });
    await expect(outside("GET", `${at.vercel}/v9/projects/${project}`)).rejects.toThrow("404");
  }, 180_000);

  it("send to Vercel what the official plugin sends", async () => {
    /** The requests about a project, in order, with placeholders for ids. */
    const sentOf = (id: string, name: string): Sent[] =>
      vercel.passed
        .filter(({ request, body }) => request.includes(id) || body.includes(`"name":"${name}"`))
        .map(({ request, body }) => ({
          request: request.replace(id, "PROJECT").replace(/(DELETE .*\/env\/).*/, "$1ENV"),
          ...(body !== "" && { body: JSON.parse(body.replace(`"name":"${name}"`, '"name":"app"')) as unknown }),
        }));
    const declared = (a: string, b: string, more: object = {}) =>
      program(`new vercel.Project("lone", { name: "lone" }, onVercel);
        const ours = new vercel.Project("ours", ${JSON.stringify({ name: "ours", ...official.PROGRAM, ...more })}, onVercel);
        new vercel.ProjectEnvironmentVariables("v", { projectId: ours.id, variables: [
          { key: "A", value: "${a}", targets: ["production"], sensitive: true },
          { key: "B", value: "${b}", targets: ["production"], sensitive: true },
        ] }, onVercel);`);
    vercel.passed.length = 0;
    await stack.program(declared("1", "2"));
    await stack.must("up", "--yes", "--skip-preview");
    const ids = await idsByName();
    const ours = ids.get("ours") ?? "";
    expect(sentOf(ids.get("lone") ?? "", "lone")).toEqual(official.ONLY_A_NAME);
    expect(sentOf(ours, "ours")).toEqual([...official.AS_OURS, ...official.VARIABLES]);

    vercel.passed.length = 0;
    await stack.program(declared("3", "4", { outputDirectory: "dist" }));
    await stack.must("up", "--yes", "--skip-preview");
    const sent = sentOf(ours, "ours");
    const ofVariables = sent.slice(official.UPDATED.length);
    expect(sent.slice(0, official.UPDATED.length)).toEqual(official.UPDATED);
    expect(ofVariables).toEqual(official.VARIABLES_CHANGED);
    await stack.must("destroy", "--yes", "--skip-preview");
  }, 60_000);

  it("don't change the protection and settings of a project that an older program created", async () => {
    const providers = "providers: { vercel: onVercel.provider }";
    // Before, the component gave a project its name and nothing else.
    await stack.program(
      program(`class Application extends pulumi.ComponentResource {
          constructor() {
            super("castchat:index:Application", "application", {}, { ${providers} });
            new vercel.Project("application-project", { name: "live" }, { parent: this });
          }
        }
        new Application();`),
    );
    await stack.must("up", "--yes", "--skip-preview");
    const live = `${at.vercel}/v9/projects/live`;
    await outside("PATCH", live, {
      ssoProtection: { deploymentType: "all" },
      passwordProtection: { deploymentType: "all", password: "x" },
      buildCommand: "make",
    });
    const before = await outside("GET", live);
    const component = join(PROJECT_ROOT, "components/application.ts");
    await stack.program(
      program(`module.exports = (async () => {
        const { Application } = await import(${JSON.stringify(component)});
        new Application("application", { projectName: "live", protect: false }, { ${providers} });
      })();`),
    );
    vercel.passed.length = 0;
    await stack.must("up", "--yes", "--skip-preview");
    expect(vercel.passed.filter(({ request }) => !request.startsWith("GET "))).toEqual([]);
    expect(await outside("GET", live)).toEqual(before);
    await stack.must("destroy", "--yes", "--skip-preview");
  }, 60_000);

  it("refuse duplicates as the services do", async () => {
    await stack.program(
      program(`const p = new vercel.Project("p", { name: "twice" }, onVercel);
        new vercel.Project("p2", { name: "twice" }, { ...onVercel, dependsOn: [p] });
        const r = new github.Repository("r", { name: "twice" }, onGithub);
        new github.Repository("r2", { name: "twice" }, { ...onGithub, dependsOn: [r] });
        const z = new cloudflare.Zone("z", { name: "twice.example", account: { id: "a" } }, onCloudflare);
        new cloudflare.Zone("z2", { name: "twice.example", account: { id: "a" } }, { ...onCloudflare, dependsOn: [z] });`),
    );
    const { code, text } = await stack.run("up", "--yes", "--skip-preview", "--continue-on-error");
    expect(code).not.toBe(0);
    expect(text).toContain("Vercel answered 409");
    expect(text).toContain("GitHub answered 422");
    expect(text).toContain("Cloudflare answered 400");
    expect(text.match(/already exists/g)?.length).toBeGreaterThanOrEqual(3);
    await stack.must("destroy", "--yes", "--skip-preview");
  }, 120_000);

  it("show a refused token and an unreachable service in one message", async () => {
    const zone = program('new cloudflare.Zone("z", { name: "a.example", account: { id: "a" } }, onCloudflare);');
    await stack.program(zone);
    stack.environment["CLOUDFLARE_API_TOKEN"] = "wrong-token-0123";
    expect((await stack.run("up", "--yes", "--skip-preview")).text).toContain(
      "Cloudflare answered 403 to POST /zones: Invalid access token",
    );
    stack.environment["CLOUDFLARE_API_TOKEN"] = TOKEN;
    await stack.program(zone.replace(at.cloudflare, "http://127.0.0.1:9"));
    expect((await stack.run("up", "--yes", "--skip-preview")).text).toContain(
      "Cloudflare cannot be reached at http://127.0.0.1:9/client/v4 (",
    );
  }, 60_000);
});

/** Every resource type of the three plugins. */
const ALL = `
const app = new vercel.Project("app", { outputDirectory: "dist" }, onVercel);
new vercel.ProjectEnvironmentVariables("many", { projectId: app.id, variables: [
  { key: "DATABASE_URL", value: "swordfish", targets: ["production"], sensitive: true },
  { key: "URL", value: "https://x", targets: ["preview", "production"], sensitive: false },
  { key: "GONE", value: "x", targets: ["preview"], sensitive: false },
] }, onVercel);
new vercel.ProjectEnvironmentVariable("single", { projectId: app.id, key: "SINGLE", value: "one", targets: ["production"], sensitive: true }, onVercel);
new vercel.ProjectDomain("domain", { projectId: app.id, domain: "app.plugins.example" }, onVercel);
const mirror = new github.Repository("mirror", { name: "mirror", description: "first", visibility: "private", hasIssues: false, hasProjects: false, hasWiki: false, archiveOnDestroy: true }, onGithub);
new github.ActionsRepositoryPermissions("actions", { repository: mirror.name, enabled: false }, onGithub);
const zone = new cloudflare.Zone("zone", { name: "plugins.example", account: { id: "account" }, type: "full" }, onCloudflare);
new cloudflare.DnsRecord("caa", { zoneId: zone.id, name: "plugins.example", type: "CAA", ttl: 1, data: { flags: 0, tag: "issue", value: "letsencrypt.org" } }, onCloudflare);
new cloudflare.DnsRecord("www", { zoneId: zone.id, name: "www.plugins.example", type: "CNAME", content: "cname.vercel-dns.com", ttl: 60, comment: "kept" }, onCloudflare);
exports.fullName = mirror.fullName; exports.status = zone.status; exports.autoNamed = app.name;
`;
