import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";

import { afterEach, describe, expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import { generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
import { parse } from "yaml";

import { ageSealer } from "../../services/vault/age.ts";
import { loadSettings } from "../../settings/loadSettings.ts";
import { SETTINGS } from "../../settings/schema.ts";
import { parseSettings, type RawSettings, SettingsError } from "../../settings/settings.ts";
import { publicKeyPem } from "../support/keys.ts";

const P256 = publicKeyPem();
const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const PRIVATE = privateKey.export({ type: "pkcs8", format: "pem" });

const COMMON = {
  awsAccountId: "111111111111",
  awsRegion: "ap-northeast-1",
  peerAwsAccountId: "222222222222",
  peerAwsRegion: "ap-northeast-3",
  zoneName: "castchat.jp",
};
const APP = { project: "castchat", repository: "castchat/castchat", publicNames: ["app.castchat.jp"] };
const SUPABASE = { supabaseOrganization: "castchat", supabaseRegion: "ap-northeast-1" };
const REF = "abcdefghijklmnopqrst";
const PASSWORD = "hunter2";
const DATABASE = {
  supabaseRef: REF,
  databaseUrl: `postgresql://postgres.${REF}:${PASSWORD}@pooler.example:5432/postgres`,
};
const apps = (...list: object[]) => JSON.stringify(list);
const KEY_ARN = "arn:aws:kms:ap-northeast-3:222222222222:key/1";
const VAULT = { standbyVaultBucketArn: "arn:aws:s3:::replica", standbyVaultKeyArn: KEY_ARN };
const ZONE = { cloudflareAccountId: "0a1b2c3d4e5f60718293a4b5c6d7e8f9" };
/** A primary beside a CastChat that exists. */
const PRIMARY: RawSettings = { ...COMMON, role: "primary", apps: apps(APP), ...DATABASE, ...VAULT };
/** A primary that creates everything. */
const GREENFIELD: RawSettings = {
  ...COMMON,
  ...VAULT,
  ...SUPABASE,
  ...ZONE,
  role: "primary",
  apps: apps({ ...APP, state: "create" }),
  database: "create",
  dns: "create",
};
const MIRRORED = { ...APP, mirror: "mirrors/castchat" };
const STANDBY: RawSettings = { ...COMMON, role: "standby", apps: apps(MIRRORED), ...SUPABASE };
const ACTIVE: RawSettings = { ...STANDBY, mode: "active", generation: "2", trustedWriterKeys: JSON.stringify([P256]) };

const PROJECT_ADDRESS = "an https address with {ref} in it (plain http only on 127.0.0.1 or localhost)";
const HTTPS_ONLY = "an https address without a path (plain http only on 127.0.0.1 or localhost)";

function refusalOf(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The faults, without the list's first and last line. */
function faultsOf(raw: RawSettings): string[] {
  const error = refusalOf(() => parseSettings(raw, "test"));
  if (error === undefined) return [];
  expect(error).toBeInstanceOf(SettingsError);
  return (error as Error).message.split("\n").flatMap((line) => (line.startsWith("  - ") ? [line.slice(4)] : []));
}

describe("parseSettings", () => {
  it("accepts a primary and gives it its defaults", () => {
    const settings = parseSettings(PRIMARY, "prod");
    expect(settings).toMatchObject({
      role: "primary",
      stack: "prod",
      project: "castchat-recovery",
      protect: true,
      generation: 1,
      intervalHours: 6,
      database: "existing",
      dns: "existing",
      apps: [{ ...APP, branch: "main", healthPath: "/api/health" }],
      trustedWriterKeys: [],
    });
    expect(settings.tiers.map(({ keptDays }) => keptDays)).toEqual([30, 92, 366, 1827]);
    expect(settings.vercelTeam).toBeUndefined();
  });

  it("accepts what is managed, before `adopt` has written how it is declared and after", () => {
    const app = { ...APP, state: "managed" };
    const bare = { ...PRIMARY, apps: apps(app), dns: "managed" };
    expect(parseSettings(bare, "prod")).toMatchObject({ dns: "managed", apps: [app] });
    const gitRepository = { type: "github", repo: "castchat/castchat", productionBranch: "main" };
    const srv = { priority: 5, weight: 1, port: 5060, target: "sip.example" };
    const record = { id: "0".repeat(32), name: "_sip._tcp.castchat.jp", type: "SRV", ttl: 600, data: srv, priority: 5 };
    const adopted = { ...bare, ...ZONE, apps: apps({ ...app, gitRepository }), dnsRecords: JSON.stringify([record]) };
    expect(parseSettings(adopted, "prod")).toMatchObject({ apps: [{ gitRepository }], dnsRecords: [record] });
  });

  it("accepts a standby in each mode, and defaults to mode standby", () => {
    expect(parseSettings(STANDBY, "dr")).toMatchObject({ role: "standby", mode: "standby", apps: [MIRRORED] });
    expect(parseSettings(ACTIVE, "dr")).toMatchObject({ mode: "active", generation: 2, trustedWriterKeys: [P256] });
    expect(parseSettings({ ...ACTIVE, mode: "drill", generation: "1" }, "dr")).toMatchObject({ mode: "drill" });
  });

  it("accepts Pulumi.yaml's value for a setting that isn't set", () =>
    expect(parseSettings({ ...PRIMARY, mode: "", trustedWriterKeys: "[]", at: "" }, "prod").role).toBe("primary"));

  it("keeps tiers for longer if asked to", () => {
    const { tiers } = parseSettings({ ...PRIMARY, tierOverrides: '{"daily":45}' }, "prod");
    expect(tiers[0]).toMatchObject({ name: "daily", keptDays: 45, lockDays: 45 });
  });

  it("removes the slash at the end of an endpoint", () =>
    expect(parseSettings({ ...PRIMARY, endpointAws: "http://127.0.0.1:4566/" }, "p").endpoints.aws).toBe(
      "http://127.0.0.1:4566",
    ));

  it.each<[key: string, value: string, right: string]>([
    ["role", "primry", '"primary" or "standby"'],
    ["mode", "activ", '"standby", "active" or "drill"'],
    ["awsAccountId", "1234", "an AWS account id of 12 digits"],
    ["awsRegion", "tokyo", "an AWS region such as ap-northeast-1"],
    ["zoneName", "https://castchat.jp", "a DNS zone such as example.com"],
    ["protect", "yes", "true or false"],
    ["generation", "0", "a whole number from 1"],
    ["generation", "1.5", "a whole number from 1"],
    ["database", "managed", '"existing" or "create"'],
    ["supabaseRef", "abc", "the reference of a Supabase project, 20 small letters"],
    ["backup", "latest", "a backup's id such as 20260701T020000Z-1a2b3c"],
    ["at", "yesterday", "a time in UTC such as 2026-07-01T02:00:00Z"],
    ["at", "2026-07-01T02:00:00+09:00", "a time in UTC such as 2026-07-01T02:00:00Z"],
    ["supabaseProjectUrl", "https://x", PROJECT_ADDRESS],
    ["supabaseProjectUrl", "http://10.0.0.1/{ref}", PROJECT_ADDRESS],
    ["cloudflareAccountId", "castchat", "the id of a Cloudflare account, 32 hexadecimal digits"],
    ["endpointAws", "http://10.0.0.1", HTTPS_ONLY],
    ["standbyVaultKeyArn", KEY_ARN.replace("key/1", "alias/x"), "the ARN of a KMS key (not of an alias)"],
    ["standbyVault", "no", '"none", or unset'],
  ])("refuses %s = %s", (key, value, right) => {
    const sentence = `castchat-recovery:${key} is "${value}"; it must be ${right}.`;
    expect(faultsOf({ ...PRIMARY, [key]: value })).toContainEqual(sentence);
  });

  it("refuses an interval that can lose more than is promised when a run takes as long as it may", () => {
    expect(faultsOf({ ...PRIMARY, intervalHours: "21" })).toEqual([]);
    const [fault] = faultsOf({ ...PRIMARY, intervalHours: "22" });
    expect(fault).toMatch(/intervalHours is 22, .* more than 24 hours .* set at most 21\.$/);
  });

  it.each([
    ["public.ecr.aws/docker/library/node:24.21.0-trixie", true],
    [`111111111111.dkr.ecr.ap-northeast-1.amazonaws.com/runner@sha256:${"0".repeat(64)}`, true],
    ["localhost:5000/runner:1.0", true],
    ["node:latest", false],
    ["node", false],
    ["runner@sha256:abc", false],
    ["Runner:1", false],
  ])("checks %s as the runner's image: %s", (runnerImage, good) => {
    const faults = faultsOf({ ...PRIMARY, runnerImage });
    expect(faults).toEqual(good ? [] : [expect.stringMatching(/runnerImage is .*a tag or, better, a digest/)]);
  });

  it.each([
    ...["main", "feature/casting-2", "v1.0", "üben", "a@b"].map((branch) => [branch, true] as const),
    ...["-d", "a b", "a..b", "a.lock", "a/", "/a", "a//b", "a/.b", "a~1", "a:b", "@", "a@{1}", "a\\b", "a."].map(
      (branch) => [branch, false] as const,
    ),
  ])("takes branch %s: %s", (branch, good) =>
    expect(faultsOf({ ...PRIMARY, apps: apps({ ...APP, branch }) }).length === 0).toBe(good),
  );

  it.each<[wrong: object, fault: string]>([
    [{ repository: "castchat" }, '[0].repository is "castchat"; it must be a GitHub repository as owner/name.'],
    [{ repository: undefined }, "[0].repository is not set; it must be a GitHub repository as owner/name."],
    [{ project: "Cast" }, '[0].project is "Cast"; it must be the name of a Vercel project, in small letters.'],
    [
      { branch: "refs/heads/main" },
      '[0].branch is "refs/heads/main"; it must be the name of a branch, without refs/heads/.',
    ],
    [
      { healthPath: "health" },
      '[0].healthPath is "health"; it must be a path that begins with a slash, without a query.',
    ],
    [{ state: "found" }, '[0].state is "found"; it must be "existing" or "managed" or "create".'],
    [{ publicNames: [] }, "[0].publicNames[0] is not set; it must be a host name such as app.example.com."],
    [{ publicNames: ["a b"] }, '[0].publicNames[0] is "a b"; it must be a host name such as app.example.com.'],
    [
      { publicNames: "app.castchat.jp" },
      '[0].publicNames is "app.castchat.jp"; it must be a list with at least one host name.',
    ],
    [{ name: "Web" }, '[0].name is "Web"; it must be a short name in small letters, such as web.'],
    [{ healtPath: "/" }, "[0] has healtPath, which apps do not have."],
    [{ build: { regions: "hnd1" } }, "[0].build has regions, which build does not have."],
    [{ build: "nextjs" }, '[0].build is "nextjs"; it must be an object of build settings.'],
    [
      { build: { framework: "Next.js" } },
      '[0].build.framework is "Next.js"; it must be the slug of a framework as Vercel lists them, such as nextjs.',
    ],
    [
      { build: { nodeVersion: 24 } },
      "[0].build.nodeVersion is 24; it must be a version of Node as Vercel writes it, such as 24.x.",
    ],
    [
      { build: { functionRegion: "ap-northeast-1" } },
      '[0].build.functionRegion is "ap-northeast-1"; it must be a region of Vercel such as hnd1, near the app\'s database.',
    ],
    [
      { build: { buildCommand: "a\nb" } },
      '[0].build.buildCommand is "a\\nb"; it must be a command in one line, at most 256 characters.',
    ],
    [
      { healthAnswer: { status: [503] } },
      "[0].healthAnswer.status[0] is 503; it must be a list of HTTP statuses from 200 to 399.",
    ],
    [
      { healthAnswer: { json: { status: ["ok"] } } },
      '[0].healthAnswer.json.status is ["ok"]; it must be a text, a number, true, false or null.',
    ],
    [
      { probes: { paths: ["posts"] } },
      '[0].probes.paths[0] is "posts"; it must be a path that begins with a slash, with or without a query.',
    ],
    [
      { probes: { login: { email: "a@example.com", passwordVariable: "hunter2" } } },
      '[0].probes.login.passwordVariable is "hunter2"; it must be the name of an environment variable.',
    ],
    [
      { probes: { write: { path: "/api/posts", body: {} } } },
      '[0].probes is {"write":{"path":"/api/posts","body":{}}}; it must be an object whose write has a login beside it.',
    ],
    [{ healthAnswer: { text: "" } }, '[0].healthAnswer.text is ""; it must be a text that the answer contains.'],
  ])("refuses the app %j, and says which key of which app", (wrong, fault) =>
    expect(faultsOf({ ...PRIMARY, apps: apps({ ...APP, ...wrong }) })).toEqual([`castchat-recovery:apps${fault}`]),
  );

  it("takes an app's build settings and its health answer as they are", () => {
    const build = {
      framework: "nextjs",
      rootDirectory: "apps/web",
      buildCommand: "",
      installCommand: "npm ci",
      devCommand: "next",
      outputDirectory: "../../dist",
      nodeVersion: "24.x",
      functionRegion: "icn1",
    };
    const healthAnswer = { json: { healthy: true }, text: "up" };
    const app = { ...APP, build, healthAnswer };
    expect(parseSettings({ ...PRIMARY, apps: apps(app) }, "prod").apps[0]).toMatchObject({
      build,
      healthAnswer: { status: [200], ...healthAnswer },
    });
    expect(parseSettings(PRIMARY, "prod").apps[0]).not.toHaveProperty("build");
    const probes = {
      login: { email: "a@example.com" },
      write: { path: "/api/posts?x=1", body: { title: "a", tags: [1] } },
    };
    expect(parseSettings({ ...PRIMARY, apps: apps({ ...APP, probes }) }, "prod").apps[0].probes).toEqual({
      paths: [],
      login: { email: "a@example.com", passwordVariable: "CASTCHAT_PROBE_PASSWORD" },
      write: probes.write,
    });
  });

  it.each([
    ...["apps/web", "web", "a b", "apps/.web", "..web"].map((folder) => [folder, true] as const),
    ...["/web", "./web", "../web", "apps/../../x", "apps//web", "apps/", ".", "..", "", "a\\b"].map(
      (folder) => [folder, false] as const,
    ),
  ])("takes root directory %j: %s", (rootDirectory, good) =>
    expect(faultsOf({ ...PRIMARY, apps: apps({ ...APP, build: { rootDirectory } }) }).length === 0).toBe(good),
  );

  it("asks for an app where there is none", () =>
    expect(faultsOf({ ...PRIMARY, apps: "[]" })).toEqual([
      "castchat-recovery:apps[0] is not set; it must be an app with project, repository and publicNames.",
    ]));

  it.each(["{", "{}", "castchat"])("refuses %s as the list of apps", (list) =>
    expect(faultsOf({ ...PRIMARY, apps: list })).toEqual([
      expect.stringMatching(
        /^castchat-recovery:apps is .*; it must be a list of apps \(Pulumi\.prod\.yaml shows one\)\.$/,
      ),
    ]),
  );

  it("shows no value of a secret setting", () => {
    const wrong = [`mysql://u:${PASSWORD}@h/d`, `postgresql://h/${PASSWORD}`, PASSWORD];
    for (const databaseUrl of wrong) {
      const [fault = ""] = faultsOf({ ...PRIMARY, databaseUrl });
      expect(fault).toMatch(
        /^castchat-recovery:databaseUrl has a value that is not shown; it must be a PostgreSQL address/,
      );
      expect(fault).not.toContain(PASSWORD);
    }
    expect(faultsOf({ ...STANDBY, ...DATABASE }).join()).not.toContain(PASSWORD);
  });

  it("says where a setting of an earlier version has moved", () =>
    expect(faultsOf({ ...PRIMARY, vercelProject: "castchat", mirrorOwner: "m" })).toEqual([
      "castchat-recovery:vercelProject has moved into the list apps, as its app's project. Pulumi.prod.yaml and Pulumi.dr.yaml show it.",
      "castchat-recovery:mirrorOwner has moved into the list apps, as its app's mirror, as owner/name. Pulumi.prod.yaml and Pulumi.dr.yaml show it.",
    ]));

  it("takes exactly the recipients that backups can be sealed to", async () => {
    const recipients = await Promise.all([generateX25519Identity(), generateHybridIdentity()]).then((identities) =>
      Promise.all(identities.map(identityToRecipient)),
    );
    expect(faultsOf({ ...PRIMARY, ageRecipients: JSON.stringify(recipients) })).toEqual([]);
    const [recipient = ""] = recipients;
    const mistyped = recipient.slice(0, 20) + (recipient[20] === "q" ? "p" : "q") + recipient.slice(21);
    for (const wrong of ["age1garbage", mistyped, recipient.slice(0, -1), `${recipient}q`, "", "age1"]) {
      expect(() => ageSealer([wrong])).toThrow("is not an age recipient");
      expect(faultsOf({ ...PRIMARY, ageRecipients: JSON.stringify([recipient, wrong]) })).toEqual([
        expect.stringMatching(/^castchat-recovery:ageRecipients is .*whole as age-keygen prints them/),
      ]);
    }
  });

  it.each<[key: string, values: string[], fault: RegExp]>([
    ["intervalHours", ["24", "0", "six"], /intervalHours is "\w+"; .* from 1 to 21/],
    ["deployerArns", ['["not-an-arn"]'], /^castchat-recovery:deployerArns is .*list of ARNs/],
    [
      "tierOverrides",
      ['{"hourly":3}', '{"daily":"many"}', "30"],
      /^castchat-recovery:tierOverrides is .*it must be days kept by tier, .*daily 30, /,
    ],
    [
      // No JSON, a key on another curve, a private key, no key at all, and the output of a stack that is not up yet.
      "trustedWriterKeys",
      [
        "{",
        JSON.stringify([publicKeyPem("secp384r1")]),
        JSON.stringify([PRIVATE]),
        '["-----BEGIN PUBLIC KEY-----"]',
        '[""]',
      ],
      /^castchat-recovery:trustedWriterKeys is .* P-256 public keys in PEM/,
    ],
  ])("refuses wrong values of %s, and says what it must be", (key, values, fault) => {
    for (const value of values) expect(faultsOf({ ...ACTIVE, [key]: value })[0]).toMatch(fault);
  });

  it("accepts a disposable vault only in a drill or in the sandbox", () => {
    const raw = { ...ACTIVE, disposableVault: "true" };
    const refusal =
      /^castchat-recovery:disposableVault is true, but the vault is in AWS .*`castchat-recovery vault retire`/;
    expect(faultsOf(raw)).toEqual([expect.stringMatching(refusal)]);
    expect(faultsOf({ ...raw, mode: "drill" })).toEqual([]);
    expect(parseSettings({ ...raw, endpointAws: "http://127.0.0.1:4566" }, "dr").disposableVault).toBe(true);
    expect(parseSettings(ACTIVE, "dr").disposableVault).toBe(false);
  });

  it("accepts deployers as ARNs, and defaults to the account's administrators", () => {
    const arn = "arn:aws:iam::111111111111:role/deploy-*";
    expect(parseSettings({ ...PRIMARY, deployerArns: JSON.stringify([arn]) }, "prod").deployerArns).toEqual([arn]);
    expect(parseSettings({ ...PRIMARY, deployerArns: "[]" }, "prod").deployerArns).toBeUndefined();
  });

  it.each(Object.keys({ ...COMMON, apps: "" }))("names %s when it is missing", (key) =>
    expect(faultsOf({ ...PRIMARY, [key]: undefined })).toContainEqual(
      expect.stringMatching(`^castchat-recovery:${key} is not set; it must be .+\\.$`),
    ),
  );

  it("names an unknown setting, but not its value", () => {
    const [fault] = faultsOf({ ...PRIMARY, awsRegoin: "hunter2" });
    expect(fault).toMatch(/^castchat-recovery:awsRegoin is not a setting; did you mean awsRegion\?$/);
    expect(faultsOf({ ...PRIMARY, zzzzzzzzz: "x" })[0]).toMatch(
      /is not a setting; the settings are role, mode, .*supabaseProjectUrl\.$/,
    );
  });

  it("names every fault at once, and where to change them", () => {
    const raw = {
      ...GREENFIELD,
      apps: apps(APP),
      role: "standby",
      awsRegion: "x",
      mode: "y",
      generation: "z",
      nonsense: "1",
    };
    const faults = faultsOf(raw).map((fault) => fault.split(" ")[0]);
    const keys = [
      ...["mode", "awsRegion", "generation", "nonsense", "apps[0].mirror", "dns", "cloudflareAccountId"],
      ...["standbyVaultBucketArn", "standbyVaultKeyArn", "database"],
    ];
    expect(faults.toSorted()).toEqual(keys.map((key) => `castchat-recovery:${key}`).toSorted());
    expect(() => parseSettings(raw, "dr")).toThrow(
      /^10 settings of stack "dr" are wrong:\n[^]*`pulumi config set KEY VALUE --stack dr`\.$/,
    );
  });
});

describe("rules between settings", () => {
  const broken: Record<string, [RawSettings, RegExp]> = {
    "the same region twice": [
      { ...PRIMARY, peerAwsRegion: "ap-northeast-1", standbyVaultKeyArn: KEY_ARN.replace("-3", "-1") },
      /^peerAwsRegion is "ap-northeast-1", the same as awsRegion.*choose another region\.$/,
    ],
    "a retention that is too short": [
      { ...PRIMARY, tierOverrides: '{"weekly":91}' },
      /^tierOverrides is too short: weekly keeps 91 days, .* at least 92\.$/,
    ],
    "a mode on a primary": [{ ...PRIMARY, mode: "active" }, /^mode is "active", but only a standby .*remove it\.$/],
    "a mirror on a primary": [
      { ...PRIMARY, apps: apps(MIRRORED) },
      /^apps\[0\]\.mirror is "mirrors\/castchat", but only a standby has a mirror .*remove it\.$/,
    ],
    "an existing database without its address": [
      { ...PRIMARY, databaseUrl: undefined },
      /^databaseUrl is not set, but .*; set it, or set database to "create"\.$/,
    ],
    "a region of a database that exists": [
      { ...PRIMARY, supabaseRegion: "ap-northeast-1" },
      /^supabaseRegion is set, but database is "existing", with which it has no effect; remove it\.$/,
    ],
    "a new database without a region": [
      { ...GREENFIELD, supabaseRegion: undefined },
      /^supabaseRegion is not set, but .*; set it, or set database to "existing"\.$/,
    ],
    "a new zone without an account": [
      { ...GREENFIELD, cloudflareAccountId: undefined },
      /^cloudflareAccountId is not set, but .*; set it, or set dns to "existing"\.$/,
    ],
    "a managed database": [
      { ...PRIMARY, database: "managed" },
      /^database is "managed"; it must be "existing" or "create"\.$/,
    ],
    "records of a zone that is not managed": [
      { ...PRIMARY, dnsRecords: "[]" },
      /^dnsRecords is set, but dns is "existing", with which it has no effect; remove it\.$/,
    ],
    "a link of an app that is not managed": [
      { ...PRIMARY, apps: apps({ ...APP, gitRepository: { type: "github", repo: "castchat/castchat" } }) },
      /^apps\[0\]\.gitRepository is set, but state is "existing", with which it has no effect; remove it\.$/,
    ],
    "a managed project with a name that the plugin refuses": [
      { ...PRIMARY, apps: apps({ ...APP, state: "managed", project: "cast.chat" }) },
      /^apps\[0\]\.project is "cast\.chat", and Pulumi's provider takes names .*set state to "existing"\.$/,
    ],
    "a database on a standby": [
      { ...STANDBY, database: "create" },
      /^database is "create", but only a primary .*remove it\.$/,
    ],
    "half of the primary's database": [
      { ...STANDBY, peerSupabaseRef: REF },
      /^peerDatabaseUrl is not set\. .*; set both or neither\.$/,
    ],
    "a token of another team without the team": [
      { ...STANDBY, peerVercelToken: "token" },
      /^peerVercelTeam is not set, but peerVercelToken is: .*; set it to the primary's\.$/,
    ],
    "another team on a primary": [
      { ...PRIMARY, peerVercelTeam: "castchat" },
      /^peerVercelTeam is "castchat", but only a standby stops the other stack; remove it\.$/,
    ],
    "the token of the zone on a primary, without its value": [
      { ...PRIMARY, dnsToken: "hunter2" },
      /^dnsToken is set, but only a standby takes names over; remove it\.$/,
    ],
    "a token in two lines, without its value": [
      { ...STANDBY, dnsToken: "hunter2\nhunter2" },
      /^dnsToken has a value that is not shown; it must be a token of Cloudflare\.$/,
    ],
    "a standby without a region": [
      { ...STANDBY, supabaseRegion: undefined },
      /^supabaseRegion is not set, but a recovery .*set it\.$/,
    ],
    "a takeover of an unknown name": [
      { ...STANDBY, takeover: '["www.castchat.jp"]' },
      /^takeover has "www\.castchat\.jp", which is no public name of an app; the names are app\.castchat\.jp\.$/,
    ],
    "a state on a standby": [
      { ...STANDBY, apps: apps({ ...MIRRORED, state: "create" }) },
      /^apps\[0\]\.state is "create", but only a primary .*remove it\.$/,
    ],
    "a new project with a name that the plugin refuses": [
      { ...GREENFIELD, apps: apps({ ...APP, state: "create", project: "c".repeat(53) }) },
      /^apps\[0\]\.project is "c{53}"; the name of a new Vercel project .*at most 52\.$/,
    ],
    "two apps without a name": [
      { ...PRIMARY, apps: apps(APP, { ...APP, project: "b", publicNames: ["b.castchat.jp"] }) },
      /^apps\[1\]\.name is not set, and neither .*; give every app but one a name\.$/,
    ],
    "two apps of one project": [
      { ...PRIMARY, apps: apps(APP, { ...APP, name: "b", publicNames: ["b.castchat.jp"] }) },
      /^apps\[1\]\.project is "castchat", as that of an app before it; .*$/,
    ],
    "two apps of one name": [
      { ...PRIMARY, apps: apps(APP, { ...APP, name: "b", project: "b" }) },
      /^apps\[1\]\.publicNames has "app\.castchat\.jp", as an app before it; a name leads to one app\.$/,
    ],
    "mirrors of two owners": [
      {
        ...STANDBY,
        apps: apps(MIRRORED, {
          ...MIRRORED,
          name: "b",
          project: "b",
          repository: "castchat/b",
          mirror: "others/b",
          publicNames: ["b.castchat.jp"],
        }),
      },
      /^apps\[1\]\.mirror is of owner "others", and apps\[0\]\.mirror of "mirrors"; the mirrors of a stack have one owner\.$/,
    ],
    "two mirrors of a repository": [
      {
        ...STANDBY,
        apps: apps(MIRRORED, {
          ...MIRRORED,
          name: "b",
          project: "b",
          mirror: "mirrors/b",
          publicNames: ["b.castchat.jp"],
        }),
      },
      /^apps\[1\]\.mirror is "mirrors\/b", and apps\[0\]\.mirror of castchat\/castchat is "mirrors\/castchat"; a repository has one mirror of a kind\.$/,
    ],
    "a restore on a primary": [
      { ...PRIMARY, at: "2026-07-01T02:00:00Z" },
      /^at is "2026-07-01T02:00:00Z", but only a standby restores .*remove it\.$/,
    ],
    "older auth settings on a primary": [
      { ...PRIMARY, olderAuthSettings: "true" },
      /^olderAuthSettings is true, but only a standby restores .*remove it\.$/,
    ],
    "another app to stop on a primary": [
      { ...PRIMARY, apps: apps({ ...APP, peerProject: "castchat-dr" }) },
      /^apps\[0\]\.peerProject is "castchat-dr", but only a standby .*remove it\.$/,
    ],
    "a zone's account on a standby": [
      { ...STANDBY, ...ZONE },
      /^cloudflareAccountId is "0a1b2c3d[0-9a-f]{24}", but only a primary .*DNS zone; remove it\.$/,
    ],
    "a backup to restore where nothing is restored": [
      { ...STANDBY, backup: "20260701T020000Z-1a2b3c" },
      /^backup is "20260701T020000Z-1a2b3c", but mode "standby" restores nothing; remove it, or set mode to "active" or "drill"\.$/,
    ],
    "no standby vault": [
      { ...PRIMARY, standbyVaultBucketArn: undefined, standbyVaultKeyArn: undefined },
      /^standbyVaultBucketArn is not set; .*standbyVault to "none"/,
    ],
    "half of a standby vault": [
      { ...PRIMARY, standbyVaultKeyArn: undefined },
      /^standbyVaultKeyArn is not set; .*standbyVault to "none"/,
    ],
    "a standby vault and none": [
      { ...PRIMARY, standbyVault: "none" },
      /^standbyVault is "none", but .*remove one of the two\.$/,
    ],
    "a key of another region": [
      { ...PRIMARY, standbyVaultKeyArn: KEY_ARN.replace("-3", "-1") },
      /^standbyVaultKeyArn is "arn:aws:kms:ap-northeast-1:222222222222:key\/1".* region ap-northeast-3 .* 222222222222 .*standby\'s own key\.$/,
    ],
    "an AWS region that Supabase doesn't have": [
      { ...STANDBY, supabaseRegion: "ap-northeast-3" },
      /^supabaseRegion is "ap-northeast-3", .*choose ap-northeast-1 or ap-northeast-2\.$/,
    ],
    "a name outside of the zone": [
      { ...PRIMARY, apps: apps({ ...APP, publicNames: ["app.evilcastchat.jp"] }) },
      /^apps\[0\]\.publicNames\[0\] is "app\.evilcastchat\.jp", .*zone "castchat\.jp"; choose a name that ends in it\.$/,
    ],
    "the same Vercel project twice": [
      { ...STANDBY, apps: apps({ ...MIRRORED, probeName: "probe.other.example" }) },
      /^apps\[0\]\.probeName is "probe\.other\.example", which is not in the zone /,
    ],
    "the app's own project as its peer": [
      { ...STANDBY, apps: apps({ ...MIRRORED, peerProject: APP.project }) },
      /^apps\[0\]\.peerProject is "castchat", the same as project\. .*the other stack's project\.$/,
    ],
    "a mirror of itself": [
      { ...STANDBY, apps: apps({ ...MIRRORED, mirror: APP.repository }) },
      /^apps\[0\]\.mirror makes "castchat\/castchat" a mirror of itself; choose another/,
    ],
    "both backup and at": [
      { ...ACTIVE, backup: "20260701T020000Z-1a2b3c", at: "2026-07-01T02:00:00Z" },
      /^at and backup are both set; set one of them/,
    ],
    "a standby without a mirror": [
      { ...STANDBY, apps: apps(APP) },
      /^apps\[0\]\.mirror is not set, but a standby .*set it\.$/,
    ],
    "a standby that replicates": [
      { ...STANDBY, standbyVaultBucketArn: "arn:aws:s3:::replica" },
      /^standbyVaultBucketArn is "arn:aws:s3:::replica", but only a primary .*remove it\.$/,
    ],
    "a recovery without trusted keys": [
      { ...ACTIVE, trustedWriterKeys: undefined },
      /^trustedWriterKeys is not set, but mode "active" .*signingPublicKey\.$/,
    ],
    "a drill without trusted keys": [
      { ...ACTIVE, mode: "drill", trustedWriterKeys: "[]" },
      /^trustedWriterKeys is not set, but mode "drill" .*signingPublicKey\.$/,
    ],
    "a recovery in the primary's generation": [
      { ...ACTIVE, generation: undefined },
      /^generation is 1, .*set 2 for the first recovery\.$/,
    ],
  };
  it("let a primary create everything", () => expect(faultsOf(GREENFIELD)).toEqual([]));

  it("let a recovery take names over that apps have", () =>
    expect(
      faultsOf({
        ...STANDBY,
        takeover: '["app.castchat.jp"]',
        peerSupabaseRef: REF,
        peerDatabaseUrl: DATABASE.databaseUrl,
      }),
    ).toEqual([]));

  it.each(Object.entries(broken))("refuse %s, and nothing else", (_, [raw, fault]) =>
    expect(faultsOf(raw)).toEqual([expect.stringMatching(fault.source.replace("^", "^castchat-recovery:"))]),
  );

  it("let a primary go without a replica when it says so", () => {
    const raw = { ...PRIMARY, standbyVault: "none", standbyVaultBucketArn: "", standbyVaultKeyArn: "" };
    expect(faultsOf(raw)).toEqual([]);
  });

  it("skip a value that is itself wrong", () => {
    expect(faultsOf({ ...ACTIVE, generation: "x" })).toHaveLength(1);
    expect(faultsOf({ ...PRIMARY, standbyVaultKeyArn: "nonsense" })).toHaveLength(1);
  });
});

describe("a secret in clear", () => {
  it("is refused, and what to renew if it was seen is said of its kind", () => {
    const raw = { ...STANDBY, peerVercelTeam: "live", peerVercelToken: "hunter2", dnsToken: "hunter2" };
    const message = String(refusalOf(() => parseSettings(raw, "dr", { plain: ["peerVercelToken", "dnsToken"] })));
    expect(message).toMatch(
      /peerVercelToken stands in Pulumi\.dr\.yaml in clear; .*, make a new token in Vercel and delete/,
    );
    expect(message).toMatch(/`pulumi config set --secret dnsToken -s dr`\. .*, roll the token in Cloudflare as well/);
    expect(message).not.toContain("hunter2");
  });
});

describe("loadSettings", () => {
  afterEach(() => pulumi.runtime.setAllConfig({}));

  it("reads the project's own namespace and ignores the others", async () => {
    const mocks = { newResource: () => ({ id: "", state: {} }), call: () => ({}) };
    await pulumi.runtime.setMocks(mocks, "castchat-recovery", "prod");
    const own = Object.entries(PRIMARY).map(([key, value]) => [`castchat-recovery:${key}`, value ?? ""]);
    const config = Object.fromEntries(own) as Record<string, string>;
    pulumi.runtime.setAllConfig({ ...config, "aws:region": "us-east-1" });
    expect(loadSettings()).toMatchObject({ role: "primary", stack: "prod", awsRegion: "ap-northeast-1" });
    pulumi.runtime.setAllConfig({ "castchat-recovery:role": "primary", "other:role": "x" });
    // The engine prints an error of this kind without its stack.
    const refusal = refusalOf(loadSettings);
    expect(pulumi.RunError.isInstance(refusal)).toBe(true);
    expect(String(refusal)).toMatch(/settings of stack "prod" are wrong/);
  });
});

describe("Pulumi.yaml", () => {
  const project = parse(readFileSync("Pulumi.yaml", "utf8")) as {
    config: Record<string, { type: string; default: unknown; description: string }>;
  };

  it("types and documents every setting that it can, and no other", () => {
    // Objects have no type in a project file; Pulumi.prod.yaml shows these.
    const objects = ["tierOverrides", "apps", "repositories", "dnsRecords"];
    const settings = Object.keys(SETTINGS.shape).filter((key) => !objects.includes(key));
    expect(Object.keys(project.config).sort()).toEqual(settings.sort());
    for (const { type, description } of Object.values(project.config)) {
      expect(["string", "boolean", "integer", "array"]).toContain(type);
      expect(description).toMatch(/\.$/);
    }
    for (const key of objects) expect(readFileSync("Pulumi.prod.yaml", "utf8")).toContain(`${key}:`);
  });

  it("gives the same defaults as the settings themselves", () => {
    const given = Object.entries(project.config).map(([key, setting]) => [key, textOf(setting.default)]);
    const defaults = Object.fromEntries(given) as RawSettings;
    const required = Object.fromEntries(Object.entries(PRIMARY).filter(([, value]) => value !== undefined));
    expect(parseSettings({ ...defaults, ...required }, "prod")).toEqual(parseSettings(PRIMARY, "prod"));
  });

  it.each(["prod", "dr"])("ships settings of %s without a fault", (stack) => {
    const { config } = parse(readFileSync(`Pulumi.${stack}.yaml`, "utf8")) as { config: Record<string, unknown> };
    const raw = Object.entries(config).map(([key, value]) => [key.replace("castchat-recovery:", ""), textOf(value)]);
    // A secret cannot be shipped.
    const secret = stack === "prod" ? { databaseUrl: DATABASE.databaseUrl } : {};
    expect(parseSettings({ ...(Object.fromEntries(raw) as RawSettings), ...secret }, stack).stack).toBe(stack);
  });
});

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
