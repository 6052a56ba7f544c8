import { describe, expect, it, jest } from "@jest/globals";
import { isSecret } from "@pulumi/pulumi";

import { environmentHash } from "../../components/application.ts";
import { managedOptions } from "../../components/managed.ts";
import { PrimarySite, type PrimarySiteArgs } from "../../components/primarySite.ts";
import type { SiteOutputs } from "../../components/siteOutputs.ts";
import { StandbySite, type StandbySiteArgs } from "../../components/standbySite.ts";
import { TIERS } from "../../planning/tiers.ts";
import type { App } from "../../settings/apps.ts";
import { RUNNER_SETTINGS } from "../../settings/runnerSettings.ts";
import { ANSWERS, documentOf, inventory, named, registered, statement, valueOf } from "./mocks.ts";
import { APP, EXISTING, PRIMARY, STANDBY } from "./siteArgs.ts";

const [mirrored] = STANDBY.apps;
/** A second app. */
const SECOND = {
  ...APP,
  name: "admin",
  project: "admin",
  repository: "castchat/admin",
  publicNames: ["admin.castchat.jp"],
} as const;

/** Of the session pooler, for backups and restores. */
const SESSION_URL = "postgres://postgres.abc:p@aws-0-x.pooler.supabase.com:5432/db";
const DATABASE_URL = SESSION_URL.replace("5432", "6543");
const ENVIRONMENT = { DATABASE_URL, SUPABASE_URL: "https://abc.example", SUPABASE_ANON_KEY: "anon" };

const primary = (args: Partial<PrimarySiteArgs> = {}) =>
  registered(() => new PrimarySite("primary", { ...PRIMARY, ...args }));
const standby = (args: Partial<StandbySiteArgs> = {}) =>
  registered(() => new StandbySite("standby", { ...STANDBY, ...args }));
/** A site's outputs, and what it registers. */
async function declared(site: () => { outputs: SiteOutputs }) {
  const sites: { outputs: SiteOutputs }[] = [];
  const resources = await registered(() => sites.push(site()));
  return { resources, outputs: sites[0]!.outputs };
}
/** Without the parts that have test files of their own: vault, keys and schedule. */
const withoutVault = (names: string[]) => names.filter((name) => !/ (vault|signing|schedule)/.test(name));
const schedules = (names: string[]) => names.filter((name) => name.includes("BackupSchedule"));

/** The place of a stack's state. */
const STATE = { backend: "s3://state/a?region=ap-northeast-3", project: "castchat" };

describe("PrimarySite", () => {
  it("declares the database, the app, the zone and the public name", async () => {
    expect(withoutVault(inventory(await primary()))).toEqual([
      "castchat:index:Application application",
      "castchat:index:Database database",
      "castchat:index:DnsZone dns",
      "castchat:index:PrimarySite primary",
      "cloudflare:index/dnsRecord:DnsRecord dns-caa",
      "cloudflare:index/zone:Zone dns-zone",
      "recovery:index:AppDeployment application-deployment",
      "recovery:index:DatabasePassword database-password",
      "recovery:index:SupabaseProject database-project",
      "recovery:index:TrafficSwitch traffic",
      "vercel:index/project:Project application-project",
      "vercel:index/projectEnvironmentVariables:ProjectEnvironmentVariables application-environment",
    ]);
  });

  it("declares the build settings that need only Vercel's API, and lets the deployment set all", async () => {
    const build = { rootDirectory: "apps/web", buildCommand: "make", nodeVersion: "24.x" };
    const whole = { ...build, framework: "nextjs", functionRegion: "icn1" };
    for (const resources of [
      await primary({ apps: [{ ...APP, state: "create", build: whole }] }),
      await standby({ mode: "drill", apps: [{ ...mirrored, build: whole }] }),
    ]) {
      const { inputs } = named(resources, "application-project");
      expect(inputs).toMatchObject(build);
      expect(inputs).not.toHaveProperty("framework");
      expect(inputs).not.toHaveProperty("resourceConfig");
      expect(named(resources, "application-deployment").inputs["build"]).toEqual(whole);
    }
    const ready = await standby({ apps: [{ ...mirrored, build: whole }] });
    expect(named(ready, "application-project").inputs).toMatchObject(build);
  });

  it("has a recovery build the app as backups know its live project, if the settings do not say how", async () => {
    const app = { ...mirrored, peerProject: "castchat" };
    for (const mode of ["drill", "active"] as const) {
      const deployment = async (one: App) =>
        named(await standby({ mode, apps: [one] }), "application-deployment").inputs;
      const { storedBuild } = await deployment(app);
      expect(storedBuild).toMatchObject({
        projectName: "castchat",
        trustedWriterKeys: expect.arrayContaining(["PEM"]) as unknown,
      });
      expect((storedBuild as { vaultBucket: string }).vaultBucket).toMatch(/vault/);
      expect(await deployment({ ...app, build: {} })).not.toHaveProperty("storedBuild");
    }
  });

  it("warns ahead that a recovery would build the app in another way than its live project", async () => {
    const warn = jest.spyOn(console, "warn").mockImplementation(() => undefined);
    const asked: unknown[] = [];
    const args = {
      ...STANDBY,
      apps: [{ ...mirrored, peerProject: "castchat", build: { framework: "vite" } }] as const,
    };
    const look = (answer: () => { differences: string[] }) =>
      registered(() => new StandbySite("standby", args), {
        ...ANSWERS,
        "recovery:index:liveBuild": (inputs) => {
          asked.push(inputs);
          return answer();
        },
      });
    await look(() => ({ differences: ['framework is "vite", and "nextjs" in the live project'] }));
    await look(() => {
      throw new Error("Vercel answered 403");
    });
    await look(() => ({ differences: [] }));
    const said = warn.mock.calls.flat().join("\n");
    warn.mockRestore();
    expect(asked[0]).toEqual({ projectName: "castchat", build: { framework: "vite" } });
    expect(said.split("\n").filter((line) => line.includes("build"))).toEqual([
      expect.stringMatching(
        /would not build the app as castchat is built: framework is "vite", and "nextjs" in the live project\. Correct build/,
      ),
      expect.stringMatching(/build settings are those of castchat is not known: /),
    ]);
  });

  it("leaves the scheduled calls out in a drill, and accepts the answer that the settings name", async () => {
    const healthAnswer = { status: [204] };
    const app = { ...mirrored, healthPath: "/up", healthAnswer };
    const health = { healthPath: "/up", healthAnswer };
    const drilled = await standby({ mode: "drill", apps: [app] });
    for (const name of ["application-deployment", "drill-traffic"])
      expect(named(drilled, name).inputs).toMatchObject({ ...health, withoutScheduledCalls: true });
    const active = await standby({ mode: "active", apps: [app] });
    for (const name of ["application-deployment", "traffic"]) {
      expect(named(active, name).inputs).toMatchObject(health);
      expect(named(active, name).inputs).not.toHaveProperty("withoutScheduledCalls");
    }
  });

  it("gives each app the connection that its settings choose", async () => {
    const apps = [
      { ...mirrored, connection: "direct" },
      { ...SECOND, mirror: "mirrors/admin" },
    ] as const;
    const resources = await standby({ mode: "drill", apps });
    const urlOf = (name: string) => JSON.stringify(named(resources, name).inputs["variables"]);
    expect(urlOf("application-environment")).toContain("postgres://postgres:p@db.abc.supabase.co:5432/db");
    expect(urlOf("application-admin-environment")).toContain(DATABASE_URL);
  });

  it("declares nothing of a CastChat that exists, and only looks at its database", async () => {
    const resources = await registered(() => new PrimarySite("primary", EXISTING));
    expect(withoutVault(inventory(resources))).toEqual([
      "castchat:index:Database database",
      "castchat:index:PrimarySite primary",
      "recovery:index:ExistingDatabase database-existing",
    ]);
    const { inputs } = named(resources, "database-existing");
    expect(inputs).toEqual({ ref: EXISTING.supabaseRef, connectionString: EXISTING.databaseUrl });
    expect(schedules(inventory(resources))).toHaveLength(1);
  });

  describe("with what is managed", () => {
    const build = { framework: "nextjs", rootDirectory: "apps/web", nodeVersion: "22.x", functionRegion: "hnd1" };
    const gitRepository = { type: "github", repo: "castchat/castchat", productionBranch: "main" } as const;
    const record = { id: "0".repeat(32), name: "castchat.jp", type: "MX", ttl: 3600, content: "mx", priority: 10 };
    const managed = {
      ...EXISTING,
      apps: [{ ...APP, state: "managed", build, gitRepository }],
      dns: "managed",
      cloudflareAccountId: "cf",
      dnsRecords: [record],
      managing: { ids: { "application-project": "prj_1" } },
    } as const;
    const site = (more: Partial<PrimarySiteArgs> = {}) =>
      registered(() => new PrimarySite("primary", { ...managed, ...more }));

    it("declares the project, the zone and its own records, and nothing else of them", async () => {
      const resources = await site();
      expect(withoutVault(inventory(resources))).toEqual([
        "castchat:index:Application application",
        "castchat:index:Database database",
        "castchat:index:DnsZone dns",
        "castchat:index:PrimarySite primary",
        `cloudflare:index/dnsRecord:DnsRecord dns-record-${record.id}`,
        "cloudflare:index/zone:Zone dns-zone",
        "recovery:index:ExistingDatabase database-existing",
        "vercel:index/project:Project application-project",
      ]);
      expect(named(resources, "application-project").inputs).toEqual({
        name: "castchat",
        framework: "nextjs",
        rootDirectory: "apps/web",
        nodeVersion: "22.x",
        resourceConfig: { functionDefaultRegions: ["hnd1"] },
        gitRepository,
      });
      const { id, ...fields } = record;
      expect(named(resources, `dns-record-${id}`).inputs).toEqual({ zoneId: "dns-zone-id", ...fields });
      expect(named(resources, "dns-zone").inputs).toEqual({ name: "castchat.jp", account: { id: "cf" } });
    });

    it("protects and keeps it whatever the settings say, and ignores all else of it", () => {
      const inputs = { declared: ["name"], left: ["gitComments"] };
      const parent = {} as never;
      expect(managedOptions("p", parent, { ids: { p: "prj_1" } }, inputs)).toEqual({
        parent,
        protect: true,
        retainOnDelete: true,
        import: "prj_1",
        ignoreChanges: ["gitComments"],
      });
      // The engine changes what it imports, where program and service differ, unless that is ignored.
      expect(managedOptions("p", parent, { ids: { p: "prj_1" }, bringIn: ["p"] }, inputs)).toMatchObject({
        import: "prj_1",
        ignoreChanges: ["name", "gitComments"],
      });
    });

    it("asks for adopt while an account is missing", async () => {
      const without = { ...managed, cloudflareAccountId: undefined } as PrimarySiteArgs;
      await expect(registered(() => new PrimarySite("primary", without))).rejects.toThrow(
        /castchat-recovery adopt -s prod/,
      );
    });
  });

  it("creates only the apps that it is to create", async () => {
    const resources = await primary({ apps: [APP, { ...SECOND, state: "create" }] });
    const names = withoutVault(inventory(resources)).filter((name) => /Application|Traffic/.test(name));
    expect(names).toEqual([
      "castchat:index:Application application-admin",
      "recovery:index:TrafficSwitch traffic-admin",
    ]);
  });

  it("gives them exactly these inputs", async () => {
    const resources = await primary();
    const inputs = (name: string) => named(resources, name).inputs;
    const database = { name: "castchat-prod", organization: "castchat", region: "ap-northeast-1" };
    expect(inputs("database-password")).toEqual({ projectName: "castchat-prod" });
    expect(inputs("database-project")).toEqual({
      ...database,
      initialPassword: "password of castchat-prod",
      deletionProtection: true,
    });
    expect(inputs("application-project")).toEqual({
      name: "castchat",
      vercelAuthentication: { deploymentType: "standard_protection_new" },
      automaticallyExposeSystemEnvironmentVariables: true,
    });
    expect(inputs("application-environment")).toEqual({
      projectId: "application-project-id",
      variables: Object.entries(ENVIRONMENT).map(([key, value]) => {
        return { key, value, targets: ["production"], sensitive: true };
      }),
    });
    expect(inputs("application-deployment")).toEqual({
      projectId: "application-project-id",
      projectName: "castchat",
      sourceRef: "main",
      sourceUrl: "https://github.com/castchat/castchat.git",
      environmentHash: environmentHash(ENVIRONMENT),
      healthPath: "/api/health",
    });
    expect(inputs("dns-zone")).toEqual({ name: "castchat.jp", account: { id: "cf" }, type: "full" });
    expect(inputs("dns-caa")).toEqual({
      zoneId: "dns-zone-id",
      name: "castchat.jp",
      type: "CAA",
      ttl: 1,
      data: { flags: 0, tag: "issue", value: "letsencrypt.org" },
    });
    const account = "arn:aws:iam::111111111111";
    const deployers = [
      ...[`${account}:root`, `${account}:role/castchat-recovery-deployer`],
      `${account}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_AdministratorAccess_*`,
    ];
    expect(inputs("signing-key")).toEqual({
      description: "Signs the backups of the primary site of castchat-recovery",
      customerMasterKeySpec: "ECC_NIST_P256",
      keyUsage: "SIGN_VERIFY",
      deletionWindowInDays: 30,
      policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          { Sid: "OwnAccount", Effect: "Allow", Principal: { AWS: `${account}:root` }, Action: "kms:*", Resource: "*" },
          {
            Sid: "SignersOnly",
            Effect: "Deny",
            Principal: "*",
            Action: "kms:Sign",
            Resource: "*",
            Condition: {
              ArnNotLike: {
                "aws:PrincipalArn": [
                  `${account}:role/castchat-recovery-primary-writer-ap-northeast-1`,
                  `${account}:role/castchat-recovery-primary-runner-ap-northeast-1`,
                ],
              },
            },
          },
          {
            Sid: "DeployerOnly",
            Effect: "Deny",
            Principal: "*",
            Action: ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
            Resource: "*",
            Condition: { ArnNotLike: { "aws:PrincipalArn": deployers } },
          },
        ],
      }),
    });
    const alias = { name: "alias/castchat-recovery-primary-signing", targetKeyId: "signing-key-key-id" };
    expect(inputs("signing-key-alias")).toEqual(alias);
    expect(inputs("traffic")).toEqual({
      publicName: "app.castchat.jp",
      zoneName: "castchat.jp",
      stack: "prod",
      generation: 1,
      projectId: "application-project-id",
      deploymentUrl: "https://app-1.vercel.app",
    });
  });

  it("replicates its vault only if both the vault and its key are given", async () => {
    const address = { standbyVaultBucketArn: "arn:aws:s3:::replica", standbyVaultKeyArn: "arn:aws:kms:x:2:key/1" };
    const replication = (names: string[]) => names.filter((name) => name.endsWith("vault-replication"));
    expect(replication(inventory(await primary(address)))).toHaveLength(1);
    expect(replication(inventory(await primary()))).toEqual([]);
  });

  it("removes the deletion protection when protect is false", async () => {
    const resources = await primary({ protect: false });
    expect(named(resources, "database-project").inputs["deletionProtection"]).toBe(false);
  });

  it("outputs what the other stack and the commands need, with secrets kept secret", async () => {
    const { outputs: shown } = await declared(() => new PrimarySite("primary", PRIMARY));
    expect(await valueOf(shown.signingPublicKey)).toBe("public key of arn:aws:kms:::key/signing-key");
    expect(await valueOf(shown.supabaseRef!)).toBe("abc");
    expect(await valueOf(shown.applicationUrl!)).toBe("https://app-1.vercel.app");
    expect(shown.publicUrl).toBe("https://app.castchat.jp");
    expect(await isSecret(shown.databaseUrl!)).toBe(true);
    expect(await isSecret(shown.anonKey!)).toBe(true);
    expect(shown.restore).toBeUndefined();
  });

  it("takes backups of its own database into its own vault, as a schedule and by hand", async () => {
    const endpoints = { aws: "http://127.0.0.1:1", vercel: undefined, edge: "http://127.0.0.1:2" };
    const own = { tokens: { GITHUB_TOKEN: "ghp_secret" }, state: STATE, rootCertificates: "CERTIFICATES" };
    const scheduledRun = { ...PRIMARY.scheduledRun, ...own };
    const args = { ...PRIMARY, endpoints, scheduledRun };
    const log = jest.spyOn(console, "log").mockImplementation(() => undefined);
    const { resources, outputs } = await declared(() => new PrimarySite("primary", args));
    expect(log.mock.calls.flat().join()).toMatch(
      /RUNNER_VERCEL_API_TOKEN, RUNNER_CLOUDFLARE_API_TOKEN, RUNNER_SUPABASE_ACCESS_TOKEN are not set\. .*`schedule rotate` sets them/,
    );
    log.mockRestore();
    const settings = await valueOf(outputs.runnerSettings!);
    const { endpointAws: aws, ...others } = settings;
    expect(RUNNER_SETTINGS.parse(settings)).toEqual({ ...others, endpoints: { aws } });
    expect(settings).toEqual({
      stack: "prod",
      region: "ap-northeast-1",
      signingKeyArn: "arn:aws:kms:::key/signing-key",
      vaultBucket: "castchat-recovery-primary-vault-111111111111-ap-northeast-1",
      tiers: TIERS.map(({ name, prefix, period, lockDays }) => ({ name, prefix, period, lockDays })),
      trustedWriterKeys: ["PEM"],
      criticalTables: ["public.users"],
      shrinkPercent: 20,
      ageRecipients: ["age1x"],
      vercelProjects: ["castchat"],
      zoneName: "castchat.jp",
      repositories: ["castchat/castchat"],
      supabaseRef: "abc",
      state: STATE,
      rootCertificates: "CERTIFICATES",
      endpointAws: "http://127.0.0.1:1",
    });
    const rights = documentOf(resources, "schedule-runner-role-policy");
    expect(statement(rights, "ReadsTheState")["Resource"]).toEqual([
      "arn:aws:s3:::state/a/.pulumi/stacks/castchat/prod.json",
      "arn:aws:s3:::state/a/.pulumi/stacks/castchat/prod.json.gz",
    ]);
    expect(named(resources, "schedule-rate").inputs["scheduleExpression"]).toBe("rate(6 hours)");
    const secretOf = (part: string) => documentOf(resources, `schedule-runner-secret-${part}-value`, "secretString");
    expect(secretOf("database")).toEqual({ DATABASE_URL: SESSION_URL });
    expect(secretOf("github")).toEqual({ GITHUB_TOKEN: "ghp_secret" });
    const { name, project, logGroup, missedRunsUrl } = outputs.schedule!;
    expect(await Promise.all([name, project, logGroup, missedRunsUrl].map(valueOf))).toEqual([
      "castchat-recovery-primary-backup",
      "castchat-recovery-primary-backup",
      "/castchat-recovery/primary/backup",
      "https://sqs/castchat-recovery-primary-backup-missed",
    ]);
  });
});

describe("StandbySite", () => {
  it("keeps ready a replica, a signing key, a mirror and an empty app project", async () => {
    const resources = await standby();
    expect(withoutVault(inventory(resources))).toEqual([
      "castchat:index:Application application",
      "castchat:index:MirrorRepository mirror",
      "castchat:index:StandbySite standby",
      "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions mirror-actions",
      "github:index/repository:Repository mirror-repository",
      "recovery:index:ProbeName probe",
      "vercel:index/project:Project application-project",
    ]);
    expect(named(resources, "probe").inputs).toEqual({
      probeName: "castchat-probe.castchat.jp",
      zoneName: "castchat.jp",
      projectId: "application-project-id",
    });
    expect(named(resources, "mirror-repository").inputs).toEqual({
      name: "castchat-mirror",
      visibility: "private",
      archiveOnDestroy: true,
      description: "Mirror of castchat/castchat, filled by castchat-recovery",
      hasIssues: false,
      hasProjects: false,
      hasWiki: false,
    });
    // Its source's workflows with a schedule would run there as well.
    expect(named(resources, "mirror-actions").inputs).toEqual({ repository: "castchat-mirror", enabled: false });
  });

  it("recovers from its own vault into a new database when active", async () => {
    const resources = await standby({ mode: "active", backup: "20260701T020000Z-1a2b3c" });
    const database = { name: "castchat-dr-g2", deletionProtection: true };
    expect(named(resources, "database-project").inputs).toMatchObject(database);
    expect(named(resources, "database-restore").inputs).toEqual({
      connectionString: SESSION_URL,
      supabaseRef: "abc",
      generation: 2,
      vaultBucket: "castchat-recovery-standby-vault-111111111111-ap-northeast-1",
      // Its own key too, because it backs up what it has recovered.
      trustedWriterKeys: ["PEM", "public key of arn:aws:kms:::key/signing-key"],
      backup: "20260701T020000Z-1a2b3c",
    });
    expect(named(resources, "application-deployment").inputs).toMatchObject({
      sourceUrl: "https://github.com/mirrors/castchat-mirror.git",
      environmentHash: environmentHash(ENVIRONMENT),
    });
    const name = { publicName: "app.castchat.jp", stack: "dr", generation: 2 };
    expect(named(resources, "traffic").inputs).toMatchObject(name);
  });

  it("keeps earlier generations beside the present one, the first under the names without a number", async () => {
    const generations = { first: 2, declared: [2, 3, 5] };
    const wish = { generation: 5, backup: "20260701T020000Z-1a2b3c", generations };
    const resources = await standby({ mode: "active", ...wish });
    const names = resources.filter(({ type }) => type === "recovery:index:SupabaseProject").map(({ name }) => name);
    expect(names).toEqual(["database-project", "database-g3-project", "database-g5-project"]);
    for (const [name, generation] of Object.entries({ database: 2, "database-g3": 3, "database-g5": 5 }))
      expect(named(resources, `${name}-project`).inputs).toMatchObject({
        initialPassword: `password of castchat-dr-g${generation}`,
      });
    for (const name of ["database", "database-g3"]) {
      expect(named(resources, `${name}-project`).inputs).toMatchObject({ kept: true, deletionProtection: true });
      expect(named(resources, `${name}-restore`).inputs).toMatchObject({ kept: true });
      expect(named(resources, `${name}-restore`).inputs).not.toHaveProperty("backup");
    }
    expect(named(resources, "database-g5-project").inputs).not.toHaveProperty("kept");
    expect(named(resources, "database-g5-restore").inputs).toMatchObject({ generation: 5, backup: wish.backup });
    expect(named(resources, "fence").inputs).toMatchObject({
      leftDatabaseName: "castchat-dr-g3",
      leftDatabaseRef: "abc",
      leftConnectionString: SESSION_URL,
    });
    const drilled = await standby({ mode: "drill", ...wish });
    expect(inventory(drilled).filter((name) => name.includes("SupabaseProject"))).toEqual([
      "recovery:index:SupabaseProject drill-database-project",
    ]);
  });

  it("first stops what still runs of the primary, only when active", async () => {
    const active = await standby({ mode: "active", apps: [{ ...mirrored, peerProject: "castchat" }] });
    const fence = { organization: "castchat", databaseName: "castchat-prod", vercelProject: "castchat", generation: 2 };
    expect(named(active, "fence").inputs).toEqual(fence);
    expect(inventory(await standby({ mode: "drill" })).join()).not.toContain("PrimaryFence");
  });

  it("stops writes to the live database that the settings name, and every app", async () => {
    const apps = [
      { ...mirrored, peerProject: "castchat" },
      { ...SECOND, mirror: "mirrors/admin", peerProject: "admin-live" },
    ] as const;
    const peer = { peerSupabaseRef: "abc", peerDatabaseUrl: "postgresql://live" };
    const fence = named(await standby({ mode: "active", apps, ...peer }), "fence").inputs;
    const expected = { databaseRef: "abc", vercelProject: "castchat", furtherVercelProjects: ["admin-live"] };
    expect(fence).toMatchObject(expected);
    expect(fence["connectionString"]).toBe("postgresql://live");
  });

  it("mirrors a repository on GitLab beside GitHub, or only there, and says where", async () => {
    const repositories = [
      { repository: APP.repository, gitlabMirror: "backup/castchat" },
      { repository: "castchat/docs", gitlabMirror: "backup/docs" },
    ];
    const { resources, outputs } = await declared(() => new StandbySite("standby", { ...STANDBY, repositories }));
    expect(inventory(resources).filter((one) => one.includes("mirror"))).toEqual([
      "castchat:index:MirrorRepository mirror",
      "castchat:index:MirrorRepository mirror-castchat.docs",
      "github:index/actionsRepositoryPermissions:ActionsRepositoryPermissions mirror-actions",
      "github:index/repository:Repository mirror-repository",
      "recovery:index:MirrorProject mirror-castchat.docs-gitlab",
      "recovery:index:MirrorProject mirror-gitlab",
    ]);
    expect(named(resources, "mirror-gitlab")).toMatchObject({
      inputs: { fullName: "backup/castchat", mirrorOf: "castchat/castchat" },
    });
    expect(outputs).toMatchObject({
      mirrorUrl: "https://github.com/mirrors/castchat-mirror.git",
      gitlabMirrorUrls: {
        "castchat/castchat": "https://gitlab.com/backup/castchat.git",
        "castchat/docs": "https://gitlab.com/backup/docs.git",
      },
    });
    expect(outputs.mirrorUrls).toBeUndefined();
  });

  it("mirrors repositories that no app is built from, and an app's once whatever its case", async () => {
    const second = { ...SECOND, repository: APP.repository.toUpperCase(), mirror: mirrored.mirror };
    const infrastructure = { repository: "CastChat/infrastructure", mirror: "mirrors/infra" };
    const resources = await standby({ mode: "active", apps: [mirrored, second], repositories: [infrastructure] });
    const mirrors = resources.filter(({ type }) => type.startsWith("github:index/repository:"));
    expect(mirrors.map(({ name, inputs }) => [name, inputs["name"], inputs["description"]])).toEqual([
      ["mirror-repository", "castchat-mirror", "Mirror of castchat/castchat, filled by castchat-recovery"],
      [
        "mirror-castchat.infrastructure-repository",
        "infra",
        "Mirror of CastChat/infrastructure, filled by castchat-recovery",
      ],
    ]);
    for (const name of ["application-deployment", "application-admin-deployment"])
      expect(named(resources, name).inputs["sourceUrl"]).toBe("https://github.com/mirrors/castchat-mirror.git");
  });

  it("deploys from the mirror on GitLab when the one on GitHub cannot be read", async () => {
    const repositories = [{ repository: APP.repository, gitlabMirror: "castchat/mirrors/app" }];
    const inputs = named(
      await standby({ mode: "active", apps: [mirrored], repositories }),
      "application-deployment",
    ).inputs;
    expect(inputs).toMatchObject({
      sourceUrl: "https://github.com/mirrors/castchat-mirror.git",
      fallbackUrls: ["https://gitlab.com/castchat/mirrors/app.git"],
    });
  });

  it("mirrors each repository, and recovers each app under all of its names", async () => {
    const second = {
      ...SECOND,
      mirror: "mirrors/admin",
      publicNames: ["admin.castchat.jp", "office.castchat.jp"],
    } as const;
    const resources = await standby({ mode: "active", apps: [mirrored, second], takeover: ["office.castchat.jp"] });
    const all = inventory(resources);
    for (const name of [
      "mirror-repository",
      "mirror-admin-repository",
      "application-project",
      "application-admin-project",
    ])
      expect(all.map((one) => one.split(" ")[1])).toContain(name);
    expect(named(resources, "application-admin-deployment").inputs["sourceUrl"]).toBe(
      "https://github.com/mirrors/admin.git",
    );
    const switches = resources.filter(({ type }) => type === "recovery:index:TrafficSwitch");
    expect(switches.map(({ name, inputs }) => [name, inputs["publicName"], inputs["takeover"]])).toEqual([
      ["traffic", "app.castchat.jp", undefined],
      ["traffic-admin", "admin.castchat.jp", undefined],
      ["traffic-admin-office-castchat-jp", "office.castchat.jp", true],
    ]);
    expect(named(resources, "traffic-check").inputs["probeName"]).toBe("probe.castchat.jp");
    expect(named(resources, "application-admin-deployment").inputs["probeName"]).toMatch(/-probe\.castchat\.jp$/);
    // All names of an app are proven together, and each switch waits for every check.
    const checks = resources.filter(({ type }) => type === "recovery:index:TrafficCheck");
    expect(checks.map(({ name, inputs }) => [name, inputs["names"], inputs["deploymentUrl"]])).toMatchObject([
      ["traffic-check", [{ publicName: "app.castchat.jp" }], switches[0]!.inputs["deploymentUrl"]],
      [
        "traffic-check-admin",
        [{ publicName: "admin.castchat.jp" }, { publicName: "office.castchat.jp", takeover: true }],
        switches[1]!.inputs["deploymentUrl"],
      ],
    ]);
  });

  it("takes backups of its own only when active", async () => {
    expect(schedules(inventory(await standby({ mode: "active" })))).toHaveLength(1);
    for (const mode of ["standby", "drill"] as const) expect(schedules(inventory(await standby({ mode })))).toEqual([]);
  });

  it("passes on the given time, and leaves out what isn't given", async () => {
    const inputs = named(await standby({ mode: "active", at: "2026-07-01T02:00:00Z" }), "database-restore").inputs;
    expect(inputs["at"]).toBe("2026-07-01T02:00:00Z");
    expect(inputs).not.toHaveProperty("backup");
  });

  it("drills into throwaway resources under a name of their own", async () => {
    const resources = await standby({ mode: "drill" });
    const database = { name: "castchat-drill-g2", deletionProtection: false };
    expect(named(resources, "drill-database-project").inputs).toMatchObject(database);
    expect(named(resources, "drill-traffic").inputs["publicName"]).toBe("drill.app.castchat.jp");
  });

  it("clones from the given GitHub", async () => {
    const resources = await standby({ mode: "active", endpoints: { github: "http://127.0.0.1:9" } });
    const { sourceUrl } = named(resources, "application-deployment").inputs;
    expect(sourceUrl).toBe("http://127.0.0.1:9/mirrors/castchat-mirror.git");
  });

  it("asks for the health where the setting says", async () => {
    const resources = await standby({ mode: "active", apps: [{ ...mirrored, healthPath: "/healthz" }] });
    for (const name of ["application-deployment", "traffic"])
      expect(named(resources, name).inputs["healthPath"]).toBe("/healthz");
    expect(named(await standby({ mode: "active" }), "traffic").inputs).not.toHaveProperty("healthPath");
  });

  it("keeps the names of what was ready, so that a recovery only adds and replaces nothing", async () => {
    const before = inventory(await standby());
    const after = inventory(await standby({ mode: "active" }));
    expect(after).toEqual(expect.arrayContaining(before));
  });

  it("outputs the restore while active, and no database while standing by", async () => {
    const { outputs: active } = await declared(() => new StandbySite("active", { ...STANDBY, mode: "active" }));
    const { outputs: standing } = await declared(() => new StandbySite("standby", STANDBY));
    const record = ["backupId", "snapshotAt", "phases", "durationMs", "notes"];
    expect(Object.keys(active.restore!)).toEqual(expect.arrayContaining(record));
    expect(active.mirrorUrl).toBe("https://github.com/mirrors/castchat-mirror.git");
    expect(standing).not.toHaveProperty("databaseUrl");
    expect(standing).not.toHaveProperty("publicUrl");
  });
});

describe("environmentHash", () => {
  it("doesn't depend on the order of the names, but on every name and value", () => {
    const hash = environmentHash({ a: "1", b: "2" });
    expect(environmentHash({ b: "2", a: "1" })).toBe(hash);
    const others = [{ a: "1" }, { a: "1", b: "3" }, { a: "1", c: "2" }, { a: "2", b: "1" }];
    expect(new Set([hash, ...others.map(environmentHash)]).size).toBe(5);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });
});
