import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { parse } from "yaml";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import type { Ask, Question } from "../../../recovery/firstDay/decisions.ts";
import { initialize, type InitOptions } from "../../../recovery/firstDay/init.ts";
import { readStackFile } from "../../../recovery/firstDay/stackFile.ts";
import { readWorkspace } from "../../../recovery/pulumi/previewWorkspace.ts";
import { settingsIn } from "../../../recovery/pulumi/stackSettings.ts";
import { messageOf } from "../../../services/common/errors.ts";
import { services } from "../../../services/services.ts";
import { withEndpoints } from "../../../settings/endpoints.ts";
import { makeTestFolder } from "../../support/folder.ts";
import { forSuite } from "../../support/suite.ts";
import { makeApp, makeDatabase, makeRepository, makeZone, startServices, TOKENS, ZONE } from "./support/services.ts";

const REF = /^[a-z]{20}$/;
const ESCAPE = "\u001b[2K\u0085  castchat-recovery:forged: true";
const world = forSuite(startServices);
let ref: string;
beforeAll(async () => {
  ref = await makeDatabase(world, `live ${ESCAPE}`);
  await makeZone(world, ZONE);
  await makeZone(world, "unused.example");
  await makeRepository(world, "castchat/shop");
  await makeRepository(world, "castchat/admin");
  await makeApp(
    world,
    "castchat-web",
    [`app.${ZONE}`, { name: `www.${ZONE}`, redirect: `app.${ZONE}` }, "elsewhere.example", `*.${ZONE}`],
    { framework: "nextjs", rootDirectory: "apps/web", gitRepository: { type: "github", repo: "castchat/shop" } },
  );
  await makeApp(world, "lab", []);
}, 60_000);

let folder: Awaited<ReturnType<typeof makeTestFolder>>;
beforeEach(async () => {
  folder = await makeTestFolder();
  await writeFile(join(folder.path, "Pulumi.yaml"), await readFile(join(PROJECT_ROOT, "Pulumi.yaml")));
});
afterEach(() => folder.remove());

const GIVEN = { apps: [], repositories: [], awsAccount: "111111111111", standbyAccount: "222222222222" };

function init(more: Partial<InitOptions> = {}, environment: NodeJS.ProcessEnv = TOKENS) {
  const { endpoints } = withEndpoints({ ...world.endpoints });
  const portsFor = (vercelTeam?: string) => services({ awsRegion: "", endpoints, vercelTeam }, environment).ports;
  const { databaseHost, dns, codeHost } = portsFor();
  return initialize({
    workspace: folder.path,
    project: "castchat-recovery",
    lookups: { databaseHost, dns, codeHost, appHost: (team) => portsFor(team).appHost() },
    given: GIVEN,
    confirm: () => Promise.reject(new Error("asked to overwrite")),
    show: () => undefined,
    ...more,
  });
}

const fileOf = (stack: string) => join(folder.path, `Pulumi.${stack}.yaml`);
const configOf = async (stack: string) =>
  Object.fromEntries(
    Object.entries((parse(await readFile(fileOf(stack), "utf8")) as { config: object }).config).map(([key, value]) => [
      key.replace("castchat-recovery:", ""),
      value as unknown,
    ]),
  );
/** The settings as the program gets them, once the commands in the file have been typed. */
const loaded = async (stack: string, later: Record<string, string> = {}) => {
  const { config } = await readWorkspace(folder.path, stack);
  return settingsIn({ ...config, ...later }, stack);
};
const refusal = (run: Promise<unknown>) => run.then(() => "wrote", messageOf);
/** Answers by the options of the questions; the preset elsewhere. */
const answering = (answers: Record<string, string>, asked: Question[] = []): Ask => {
  return (question) => {
    asked.push(question);
    return Promise.resolve(answers[question.option] ?? "");
  };
};

describe("init", () => {
  it("writes what exists into both files, with requests that only read", async () => {
    world.methods().splice(0);
    const { notes } = await init();
    expect(new Set(world.methods())).toEqual(new Set(["GET"]));
    const publicNames = [`app.${ZONE}`];
    const repository = "castchat/shop";
    const build = { framework: "nextjs", rootDirectory: "apps/web", nodeVersion: "24.x" };
    expect(await configOf("prod")).toEqual({
      role: "primary",
      awsAccountId: "111111111111",
      awsRegion: "ap-northeast-1",
      peerAwsAccountId: "222222222222",
      peerAwsRegion: "ap-northeast-3",
      database: "existing",
      supabaseRef: expect.stringMatching(REF),
      dns: "existing",
      zoneName: ZONE,
      apps: [
        {
          project: "castchat-web",
          repository,
          publicNames,
          state: "existing",
          build: { ...build, functionRegion: "iad1" },
        },
      ],
      intervalHours: 6,
    });
    expect(await configOf("dr")).toEqual({
      role: "standby",
      mode: "standby",
      generation: 1,
      awsAccountId: "222222222222",
      awsRegion: "ap-northeast-3",
      peerAwsAccountId: "111111111111",
      peerAwsRegion: "ap-northeast-1",
      zoneName: ZONE,
      takeover: publicNames,
      supabaseOrganization: "castchat",
      supabaseRegion: "ap-northeast-2",
      apps: [
        {
          project: "castchat-web-standby",
          repository,
          publicNames,
          peerProject: "castchat-web",
          mirror: "castchat/shop-mirror",
          build: { ...build, functionRegion: "icn1" },
        },
      ],
    });
    expect(notes).toEqual([
      `www.${ZONE} of castchat-web is left out: it redirects to app.${ZONE}. A recovery does not move it.`,
      `elsewhere.example of castchat-web is left out: it is not in the zone ${ZONE}. A recovery does not move it.`,
      `*.${ZONE} of castchat-web is left out: it is no plain host name. A recovery does not move it.`,
    ]);
  }, 30_000);

  it("writes settings that the program accepts, once the commands in the file have been typed", async () => {
    await init();
    expect((await loaded("dr")).role).toBe("standby");
    const prod = await readFile(fileOf("prod"), "utf8");
    const commands = [...prod.matchAll(/# pulumi config set (?:--secret )?(?:-s prod )?(\w+)/g)].map(([, key]) => key);
    expect(commands).toEqual(["standbyVaultBucketArn", "standbyVaultKeyArn", "databaseUrl"]);
    const dr = await readFile(fileOf("dr"), "utf8");
    for (const key of ["peerDatabaseUrl", "peerVercelToken", "dnsToken"])
      expect(dr).toContain(`# pulumi config set --secret ${key} -s dr`);
    const later = {
      "castchat-recovery:standbyVaultBucketArn": "arn:aws:s3:::vault",
      "castchat-recovery:standbyVaultKeyArn": "arn:aws:kms:ap-northeast-3:222222222222:key/1",
    };
    expect(await loaded("prod", later)).toMatchObject({ role: "primary", database: "existing", supabaseRef: ref });
    // Without them, the program asks for these settings and for nothing else.
    const missing = await refusal(loaded("prod"));
    expect(missing).toMatch(/standbyVaultBucketArn is not set/);
    expect(missing.match(/^ {2}- /gm)).toHaveLength(1);
  });

  it("leaves no name of a service unescaped in a file", async () => {
    await init();
    const text = await readFile(fileOf("prod"), "utf8");
    expect(text).toContain("\\u001b[2K\\u0085");
    expect(text).not.toMatch(/[\u001b\u0085]/);
    expect(await configOf("prod")).not.toHaveProperty("forged");
  });

  it.each([["nothing"], ["VERCEL_API_TOKEN", "SUPABASE_ACCESS_TOKEN"]])(
    "names each token that is missing or refused, and what it needs (with %j and others)",
    async (...right) => {
      const tokens = Object.keys(TOKENS);
      const environment = Object.fromEntries(
        tokens.flatMap((name, index) =>
          right.includes(name)
            ? [[name, TOKENS[name as keyof typeof TOKENS]]]
            : index % 2 === 0
              ? []
              : [[name, "wrong"]],
        ),
      );
      const said = await refusal(init({}, environment));
      for (const name of tokens) expect([name, said.includes(name)]).toEqual([name, !right.includes(name)]);
      const needs = {
        VERCEL_API_TOKEN: "member of the team",
        GITHUB_TOKEN: "metadata: read",
        CLOUDFLARE_API_TOKEN: "Zone: read",
      };
      for (const [name, scope] of Object.entries(needs))
        expect([name, said.includes(scope)]).toEqual([name, !right.includes(name)]);
      expect(await readdir(folder.path)).toEqual(["Pulumi.yaml"]);
    },
    30_000,
  );

  it("reports every decision that an option has to make, and what there is to choose from", async () => {
    const said = await refusal(
      init({
        given: { apps: ["castchat-wob"], repositories: [], zone: "other.example", standbyRegion: "ap-northeast-1" },
      }),
    );
    expect(said).toContain(`--zone "other.example" is not there; choose ${ZONE}.`);
    expect(said).toContain("Which AWS account is the primary's vault in? Add --aws-account.");
    expect(said).toContain(`--standby-region "ap-northeast-1" is the primary's region, too`);
    expect(said.match(/^ {2}- /gm)).toHaveLength(3);
    expect(await refusal(init({ given: { ...GIVEN, apps: ["castchat-wob"] } }))).toContain(
      '--app "castchat-wob" is not there; did you mean castchat-web?',
    );
    expect(await readdir(folder.path)).toEqual(["Pulumi.yaml"]);
  });

  it("asks a person, whose empty answer is the likely one, and asks again after a wrong one", async () => {
    const refused: (string | undefined)[] = [];
    const accounts = ["", "12", "111111111111"];
    const ask: Ask = (question, why) => {
      if (question.option === "--aws-account") refused.push(why);
      return Promise.resolve(question.option === "--aws-account" ? accounts.shift()! : "");
    };
    await init({ given: { apps: [], repositories: [] }, ask });
    expect(refused).toEqual([undefined, "needs an answer.", '"12" is no AWS account; write its 12 digits.']);
    expect(await configOf("dr")).toMatchObject({ awsAccountId: "111111111111", awsRegion: "ap-northeast-3" });
  });
});

describe("a file that is there", () => {
  it("is replaced if it is as it was shipped, or as init wrote it", async () => {
    for (const stack of ["prod", "dr"])
      await writeFile(fileOf(stack), await readFile(join(PROJECT_ROOT, `Pulumi.${stack}.yaml`)));
    await init();
    await init({ given: { ...GIVEN, awsAccount: "333333333333" } });
    expect(await configOf("prod")).toMatchObject({ awsAccountId: "333333333333" });
    expect(await configOf("dr")).toMatchObject({ peerAwsAccountId: "333333333333" });
    expect(await configOf("dr")).not.toHaveProperty("trustedWriterKeys");
  });

  it.each(["prod", "dr"])("is as shipped only while it says the digest of its own settings (%s)", async (stack) => {
    const { text, digest, isUnchanged } = (await readStackFile(join(PROJECT_ROOT, `Pulumi.${stack}.yaml`)))!;
    // After a change of a shipped file, write this digest into its head.
    expect(text).toContain(`(settings ${digest}).`);
    expect(isUnchanged).toBe(true);
  });

  it("with one setting of a person is left as it is without an agreement, and so is the other file", async () => {
    await init();
    const mine = (await readFile(fileOf("prod"), "utf8")).replace("intervalHours: 6", "intervalHours: 4");
    await writeFile(fileOf("prod"), mine);
    const other = await readFile(fileOf("dr"), "utf8");
    expect(await refusal(init({ given: { ...GIVEN, awsAccount: "333333333333" } }))).toBe("asked to overwrite");
    expect(await readFile(fileOf("prod"), "utf8")).toBe(mine);
    expect(await readFile(fileOf("dr"), "utf8")).toBe(other);
    expect((await readdir(folder.path)).sort()).toEqual(["Pulumi.dr.yaml", "Pulumi.prod.yaml", "Pulumi.yaml"]);
  });

  it("keeps, after an agreement, what init does not decide: the stack's key, secrets, addresses", async () => {
    const before = `encryptedkey: abc\nconfig:\n  castchat-recovery:databaseUrl:\n    secure: v1:x\n  castchat-recovery:endpointGithub: https://git.example\n  castchat-recovery:supabaseRegion: eu-west-1\n  castchat-recovery:zoneName: old.example\n`;
    await writeFile(fileOf("prod"), before);
    const agreed: string[] = [];
    await init({ confirm: (files) => Promise.resolve(void agreed.push(...files)) });
    expect(agreed).toEqual(["Pulumi.prod.yaml"]);
    expect(parse(await readFile(fileOf("prod"), "utf8"))).toMatchObject({ encryptedkey: "abc" });
    const { supabaseRegion, ...config } = await configOf("prod");
    expect(config).toMatchObject({
      databaseUrl: { secure: "v1:x" },
      endpointGithub: "https://git.example",
      zoneName: ZONE,
    });
    expect(supabaseRegion).toBeUndefined();
  });

  it("is not half changed if the other cannot be written", async () => {
    await init();
    const before = await readFile(fileOf("prod"), "utf8");
    const { writeTogether } = await import("../../../recovery/firstDay/writeTogether.ts");
    const files = [
      { file: fileOf("prod"), text: "new" },
      { file: join(folder.path, "Pulumi.yaml", "x"), text: "new" },
    ];
    expect(await refusal(writeTogether(files))).toMatch(/can't be written \(ENOTDIR\): nothing was changed\.$/);
    expect(await readFile(fileOf("prod"), "utf8")).toBe(before);
    expect((await readdir(folder.path)).sort()).toEqual(["Pulumi.dr.yaml", "Pulumi.prod.yaml", "Pulumi.yaml"]);
  });
});

describe("several apps", () => {
  beforeAll(async () => {
    const gitRepository = { type: "gitlab", repo: "castchat/panel" };
    await makeApp(world, "admin_panel", [`admin.${ZONE}`], { gitRepository });
  });

  it("are named one by one by a script, and all are likely to a person", async () => {
    const said = await refusal(init());
    expect(said).toMatch(
      /--app with one of these:\n +castchat-web {2}app\.castchat\.example\n +admin_panel {2}admin\./,
    );
    const asked: Question[] = [];
    const ask = answering({ "--repository admin_panel=OWNER/NAME": "castchat/admin" }, asked);
    await init({ given: GIVEN, ask });
    expect(asked.find(({ option }) => option === "--app")?.preset).toBe("castchat-web,admin_panel");
    expect((await configOf("prod"))["apps"]).toMatchObject([{ name: "castchat-web" }, { name: "admin-panel" }]);
    expect((await configOf("dr"))["apps"]).toMatchObject([
      { name: "castchat-web", project: "castchat-web-standby" },
      { name: "admin-panel", project: "admin-panel-standby", mirror: "castchat/admin-mirror" },
    ]);
    expect((await loaded("dr")).apps).toHaveLength(2);
  });

  it("take the code of a project that another code host deploys from an option", async () => {
    const given = { ...GIVEN, apps: ["admin_panel"] };
    expect(await refusal(init({ given }))).toContain(
      "Which GitHub repository has the code of the Vercel project admin_panel (it is linked to castchat/panel at gitlab)? Add --repository admin_panel=OWNER/NAME.",
    );
    await init({ given: { ...given, repositories: ["admin_panel=castchat/admin"], mirrorOwner: "castchat-standby" } });
    expect((await configOf("dr"))["apps"]).toMatchObject([
      { repository: "castchat/admin", mirror: "castchat-standby/admin" },
    ]);
  });

  it("refuse a mirror that is there already", async () => {
    const given = { ...GIVEN, apps: ["castchat-web"] };
    await makeRepository(world, "castchat-standby/shop");
    expect(await refusal(init({ given: { ...given, mirrorOwner: "castchat-standby" } }))).toContain(
      "has a repository castchat-standby/shop already, which the standby would have to create; choose another.",
    );
  });
});
