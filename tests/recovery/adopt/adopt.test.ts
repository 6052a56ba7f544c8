import { beforeEach, describe, expect, it } from "@jest/globals";

import { adopt, type AdoptOptions } from "../../../recovery/adopt/adopt.ts";
import { releaseAdopted } from "../../../recovery/adopt/release.ts";
import { readExport } from "../../../recovery/pulumi/exportedState.ts";
import { forgetting } from "../../../recovery/pulumi/pulumiForget.ts";
import type { PreviewStep } from "../../../recovery/pulumi/pulumiSteps.ts";
import type { AppHost } from "../../../services/appHost/appHost.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { silent } from "../../../services/common/reporter.ts";
import type { DnsHost } from "../../../services/dns/dnsHost.ts";
import type { App } from "../../../settings/apps.ts";
import { type Imports, IMPORTS_VARIABLE } from "../../../settings/managedParts.ts";

const STACK = "urn:pulumi:prod::castchat-recovery::pulumi:pulumi:Stack::castchat-recovery-prod";
const SITE = "urn:pulumi:prod::castchat-recovery::castchat:index:PrimarySite::primary";
const RECORD_ID = "0".repeat(32);
const urnOf = (type: string, name: string) =>
  `urn:pulumi:prod::castchat-recovery::castchat:index:PrimarySite$${type}::${name}`;
const ADOPTION = "urn:pulumi:prod::castchat-recovery::recovery:index:Adoption::adoption";
/** What the program registers of managed parts: type, name, parent. */
const PROGRAM = [
  { type: "castchat:index:Application", name: "application", parent: SITE },
  {
    type: "vercel:index/project:Project",
    name: "application-project",
    parent: urnOf("castchat:index:Application", "application"),
  },
  { type: "castchat:index:DnsZone", name: "dns", parent: SITE },
  { type: "cloudflare:index/zone:Zone", name: "dns-zone", parent: urnOf("castchat:index:DnsZone", "dns") },
  {
    type: "cloudflare:index/dnsRecord:DnsRecord",
    name: `dns-record-${RECORD_ID}`,
    parent: urnOf("castchat:index:DnsZone", "dns"),
  },
].map((one) => ({ ...one, urn: urnOf(one.type, one.name), inputs: {} }));
const CLOUDFLARE = "urn:pulumi:prod::castchat-recovery::pulumi:providers:cloudflare::cloudflare";
const FILE = "config:\n  castchat-recovery:dns: managed\n  castchat-recovery:apps:\n    - project: castchat\n";
const APP: App = {
  project: "castchat",
  state: "managed",
  repository: "castchat/castchat",
  branch: "main",
  healthPath: "/api/health",
  publicNames: ["app.castchat.jp"],
};

const stateOf = (...more: object[]) =>
  JSON.stringify({
    version: 3,
    deployment: {
      resources: [
        { urn: STACK, type: "pulumi:pulumi:Stack" },
        { urn: SITE, type: "castchat:index:PrimarySite", parent: STACK },
        ...more,
      ],
    },
  });
const names = (state: string) => readExport(state).resources.map(({ urn }) => urn.split("::").at(-1));

let state: string;
let file: string;
let asked: string[];
/** What the engine's preview says of the adopted resources. */
let steps: PreviewStep[];
let runs: Imports[];
/** How the engine's import ends. */
let end: () => void;

const appHost = {
  name: "Vercel",
  tokenName: "VERCEL_API_TOKEN",
  liveProject: () =>
    Promise.resolve({
      id: "prj_1",
      build: { framework: "nextjs" },
      gitRepository: { type: "github" as const, repo: "castchat/castchat" },
      undeclarable: [],
    }),
} as unknown as AppHost;
const dns = {
  name: "Cloudflare",
  tokenName: "CLOUDFLARE_API_TOKEN",
  zones: () => Promise.resolve([{ id: "z", name: "castchat.jp", accountId: "a".repeat(32) }]),
  liveRecords: () =>
    Promise.resolve([
      {
        declared: { id: RECORD_ID, name: "castchat.jp", type: "MX", ttl: 300, content: "mx" },
        content: "mx",
        ofHost: false,
      },
    ]),
} as unknown as DnsHost;

beforeEach(() => {
  state = stateOf();
  file = FILE;
  asked = [];
  steps = [];
  runs = [];
  end = () => undefined;
});

/** The engine, as far as an adoption uses it. */
const options = (more: Partial<AdoptOptions> = {}): AdoptOptions => ({
  stack: "prod",
  settings: { apps: [APP], dns: "managed", zoneName: "castchat.jp", project: "castchat-recovery" },
  appHost: () => appHost,
  dns: () => dns,
  pulumi: {
    exportState: () => Promise.resolve(state),
    rewriteState: (change) => Promise.resolve(void (state = change(state))),
    steps: () => Promise.resolve([...steps, { op: "create", urn: ADOPTION, newState: RECORD }]),
    upOnly(urns, environment = {}) {
      runs.push(JSON.parse(environment[IMPORTS_VARIABLE]!) as Imports);
      const added = PROGRAM.filter(({ urn }) => urns.includes(urn)).map((one) => ({
        ...one,
        ...(one.type.startsWith("castchat:") ? {} : { id: "i", protect: true, retainOnDelete: true }),
        inputs: { name: one.type.includes("roject") ? "castchat" : "castchat.jp" },
        outputs: {},
      }));
      const { resources: all, changed } = readExport(state);
      const resources = all.filter(({ urn }) => urn !== CLOUDFLARE);
      state = changed({
        resources: [...resources, { urn: CLOUDFLARE, type: "pulumi:providers:cloudflare" }, ...added],
      });
      end();
      return Promise.resolve();
    },
  },
  forget(what) {
    const without = forgetting(state, what);
    state = without ?? state;
    return Promise.resolve(without !== undefined);
  },
  file: { read: () => Promise.resolve(file), write: (text) => Promise.resolve(void (file = text)) },
  registered: () => Promise.resolve(PROGRAM),
  agree: (lines) => Promise.resolve(void asked.push(...lines)),
  reporter: silent,
  signal: new AbortController().signal,
  ...more,
});
const RECORD = {
  urn: ADOPTION,
  type: "recovery:index:Adoption",
  custom: true,
  inputs: { stack: "prod", parts: ["application-project"], imports: {} },
};
const release = (...given: string[]) =>
  releaseAdopted({
    ...options(),
    names: given,
  });

describe("adopt", () => {
  it("asks, writes the settings, brings everything in at once, and records it last", async () => {
    const { broughtIn } = await adopt(options());
    expect(broughtIn).toEqual(["application-project", "dns-zone", `dns-record-${RECORD_ID}`]);
    const ids = { "application-project": "prj_1", "dns-zone": "z", [`dns-record-${RECORD_ID}`]: `z/${RECORD_ID}` };
    expect(runs).toEqual([{ ids, bringIn: broughtIn }]);
    expect(asked.join("\n")).toMatch(
      /Vercel project castchat \(prj_1\).*castchat\/castchat.*Cloudflare zone castchat\.jp/s,
    );
    for (const text of ["framework: nextjs", "cloudflareAccountId: aaaa", "type: MX"]) expect(file).toContain(text);
    const record = readExport(state).resources.at(-1)!;
    expect(record).toMatchObject({ id: "prod/adoption", outputs: { ids } });
    expect(record.inputs).not.toHaveProperty("imports");
  });

  it("does nothing when it is run again, and finishes what was broken off", async () => {
    await adopt(options());
    const done = { state, file };
    asked = [];
    expect(await adopt(options())).toMatchObject({ broughtIn: [] });
    expect({ state, file, asked }).toEqual({ ...done, asked: [] });

    // Killed after a part of the import: the project is in the state, and no record.
    const { resources, changed } = readExport(state);
    const kept = resources.filter(({ urn }) => !/dns|adoption$/.test(urn));
    state = changed({ resources: kept });
    file = FILE;
    const { broughtIn } = await adopt(options());
    expect(broughtIn).toEqual(["dns-zone", `dns-record-${RECORD_ID}`]);
    expect(runs.at(-1)!.bringIn).toEqual(broughtIn);
    expect(names(state).sort()).toEqual(names(done.state).sort());
  });

  it("says property by property what differs, escaped, and leaves state and settings as they were", async () => {
    const project = PROGRAM[1]!;
    steps = [
      {
        op: "update",
        urn: project.urn,
        detailedDiff: { framework: { kind: "delete" }, "gitRepository.repo": { kind: "update" } },
        oldState: { ...project, inputs: { framework: "next\u001b[2Jjs", gitRepository: { repo: "a/b" } } },
        newState: { ...project, inputs: { gitRepository: { repo: "c/d" } } },
      },
      // Of another resource: no matter of this.
      { op: "update", urn: SITE },
    ];
    const before = state;
    const error = await adopt(options()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(PromiseError);
    expect((error as Error).message.split("\n").slice(1, 3)).toEqual([
      String.raw`  application-project.framework: live "next\\u001b[2Jjs", declared not set`.replaceAll("\\\\", "\\"),
      '  application-project.gitRepository.repo: live "a/b", declared "c/d"',
    ]);
    expect(JSON.parse(state)).toEqual(JSON.parse(before));
    expect(file).toBe(FILE);
  });

  it("puts everything back if the engine fails half way", async () => {
    const before = state;
    end = () => {
      throw new Error("resource 'z/1' does not exist");
    };
    await expect(adopt(options())).rejects.toThrow("does not exist");
    expect(JSON.parse(state)).toEqual(JSON.parse(before));
    expect(file).toBe(FILE);
  });

  it("changes nothing without agreement, and refuses what it can't declare or the stack has created", async () => {
    const before = state;
    const refusing = { agree: () => Promise.reject(new UserError("Nothing was changed.")) };
    await expect(adopt(options(refusing))).rejects.toThrow("Nothing was changed.");
    const password = {
      ...appHost,
      liveProject: () => Promise.resolve({ id: "p", build: {}, undeclarable: ["a password"] }),
    };
    await expect(adopt(options({ appHost: () => password as AppHost }))).rejects.toThrow(/has a password.*"existing"/);
    const nothing = { ...options().settings, apps: [{ ...APP, state: "existing" as const }], dns: "existing" };
    await expect(adopt(options({ settings: nothing }))).rejects.toThrow(/Nothing of stack prod is managed/);
    expect([state, file]).toEqual([before, FILE]);

    const [component] = PROGRAM;
    const deployment = { urn: urnOf("recovery:index:AppDeployment", "application-deployment"), parent: component!.urn };
    state = stateOf(component!, { ...deployment, type: "recovery:index:AppDeployment" });
    await expect(adopt(options())).rejects.toThrow(/has created Vercel project castchat.*application-deployment/);
  });
});

describe("adopt --release", () => {
  it("takes one part or all out of the state, and is nothing to do the next time", async () => {
    await adopt(options());
    expect(await release("castchat.jp")).toEqual(["castchat.jp"]);
    expect(names(state)).not.toContain("dns-zone");
    expect(readExport(state).resources.find(({ urn }) => urn === ADOPTION)?.outputs).toMatchObject({
      ids: { "application-project": "prj_1" },
    });
    await expect(release("castchat.jp")).rejects.toThrow(/has not adopted castchat\.jp. It has castchat\./);
    expect(await release()).toEqual(["castchat"]);
    expect(names(state)).toEqual(["castchat-recovery-prod", "primary", "cloudflare"]);
    expect(await release()).toEqual([]);
  });
});
