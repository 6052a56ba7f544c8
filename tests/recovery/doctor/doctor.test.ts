import { beforeAll, describe, expect, it } from "@jest/globals";

import { CATEGORIES, type Finding } from "../../../recovery/doctor/check.ts";
import { CHECKS } from "../../../recovery/doctor/checks.ts";
import { readOnly } from "../../../recovery/doctor/databaseFacts.ts";
import { doctor } from "../../../recovery/doctor/doctor.ts";
import type { Patient } from "../../../recovery/doctor/subject.ts";
import { verdictOf } from "../../../recovery/doctor/verdict.ts";
import { makeProject } from "../../provider/recovery/tinyApp.ts";
import { textOf } from "../../support/documentCommands.ts";
import { forSuite } from "../../support/suite.ts";
import { startHospital } from "./hospital.ts";

const hospital = forSuite(startHospital);
const never = new AbortController().signal;
const examined = (patient: Omit<Patient, "signal">) => doctor(patient, { deadline: never, signal: never });
const byId = (findings: readonly Finding[]) => Object.groupBy(findings, ({ id }) => id);
const lines = (findings: readonly Finding[], ...states: Finding["state"][]) =>
  findings.filter(({ state }) => states.includes(state)).map(({ id, says }) => `${id}: ${says}`);

describe("the table of checks", () => {
  it("has ids of its own, in the order of the categories, and links into the documents", () => {
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
    const order = CHECKS.map(({ category }) => CATEGORIES.indexOf(category));
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    for (const { id, category, docs } of CHECKS) {
      expect(id.split(".")[0]).toBe(category.toLowerCase());
      const [file = "", anchor = ""] = docs.split("#");
      const anchors = [...textOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\w -]/g, "")
          .replaceAll(" ", "-"),
      );
      expect(anchors).toContain(anchor);
    }
  });
});

describe("a healthy installation", () => {
  let findings: Finding[];
  beforeAll(async () => {
    findings = await examined(hospital.standby());
  });

  it("has no failed check, and every check has a line", () => {
    expect(lines(findings, "failed", "unknown")).toEqual([]);
    expect(new Set(findings.map(({ id }) => id))).toEqual(new Set(CHECKS.map(({ id }) => id)));
    expect(verdictOf("dr", findings).state).toBe("ready");
  });

  it("is asked by reading only", () => {
    expect(hospital.asked.length).toBeGreaterThan(30);
    expect(hospital.asked.filter((one) => !/^(GET|HEAD) /.test(one) && !/ git-upload-pack$/.test(one))).toEqual([]);
  });

  it("shows no token and no password", () => {
    const shown = JSON.stringify(findings);
    for (const secret of hospital.secrets()) expect(shown).not.toContain(secret);
  });

  it("can't be written to by the session at its database", async () => {
    const writing = readOnly(hospital.databaseUrl, never, (session) =>
      session.query("create table public.forbidden ()"),
    );
    await expect(writing).rejects.toThrow(/in a read-only transaction/);
  });
});

describe("a half-broken installation", () => {
  it("says of each fault what it means and what to do", async () => {
    await hospital.damage();
    const patient = hospital.standby({ takeover: [], trustedWriterKeys: [], supabaseRegion: "us-west-1" });
    const found = byId(await examined(patient));
    const first = (id: string) => found[id]?.[0];
    expect(first("local.trusted-key")).toMatchObject({
      state: "failed",
      fix: expect.stringMatching(/trustedWriterKeys\[0\]/),
    });
    expect(first("vercel.build")).toMatchObject({
      state: "failed",
      says: expect.stringMatching(
        /framework is "nextjs" in castchat-web and not set in castchat-dr.*functionRegion is "hnd1"/,
      ),
    });
    expect(first("vercel.variables")).toMatchObject({ state: "warning", says: expect.stringMatching(/PAYMENT_KEY/) });
    expect(first("vercel.protection")).toMatchObject({
      state: "warning",
      says: expect.stringMatching(/public names too/),
    });
    expect(first("dns.records")).toMatchObject({
      state: "warning",
      says: expect.stringMatching(/is proxied by Cloudflare/),
    });
    expect(first("dns.caa")).toMatchObject({
      state: "failed",
      fix: expect.stringMatching(/0 issue "letsencrypt.org"/),
    });
    expect(first("dns.takeover")).toMatchObject({
      state: "failed",
      fix: "pulumi config set --path 'takeover[0]' app.castchat.example -s dr",
    });
    expect(first("github.heads")).toMatchObject({ state: "failed", fix: "castchat-recovery mirror -s dr" });
    expect(found["github.content"]?.map(({ state, says }) => [state, says.replace(/\..*/, "")])).toEqual([
      ["warning", "castchat/app keeps files in Git LFS"],
      ["warning", "castchat/app has submodules, which a deployment leaves out"],
      ["ok", expect.stringMatching(/has workflows \(ci$/)],
    ]);
    expect(first("app.health")).toMatchObject({ state: "warning" });
    expect(first("app.sealed-variables")).toMatchObject({
      state: "warning",
      says: expect.stringMatching(/^No variables of castchat-dr are sealed in this vault/),
      fix: "castchat-recovery env pull FILE -s prod, then castchat-recovery env import FILE -s prod",
    });
    expect(first("supabase.name")).toMatchObject({ state: "warning", says: expect.stringMatching(/castchat-dr-g2/) });
  });

  it("says which token is missing, refused or about to end, and continues with the others", async () => {
    hospital.cloud.githubToken.expiresAt = new Date(hospital.now().getTime() + 3 * 86_400_000);
    const environment = { ...hospital.environment(), VERCEL_API_TOKEN: "wrong", CLOUDFLARE_API_TOKEN: "" };
    const findings = await examined({ ...hospital.standby({}, environment) });
    const found = byId(findings);
    expect(found["tokens.vercel-api-token"]?.[0]).toMatchObject({
      state: "failed",
      fix: expect.stringMatching(/read -rs VERCEL_API_TOKEN/),
    });
    expect(found["tokens.github-token"]?.[0]).toMatchObject({
      state: "failed",
      says: expect.stringMatching(/It ends in 2 d 23 h|It ends in 3 d/),
    });
    expect(found["dns.zone"]?.[0]).toMatchObject({ state: "unknown", says: "CLOUDFLARE_API_TOKEN is not set." });
    expect(found["supabase.region"]?.[0]).toMatchObject({ state: "ok" });
    delete hospital.cloud.githubToken.expiresAt;
  });
});

describe("a primary in another team", () => {
  const secrets = () => ({
    peerVercelTeam: hospital.cloud.otherTeam.slug,
    peerVercelToken: hospital.cloud.otherTeam.token,
    dnsToken: hospital.cloud.credentials.cloudflareToken,
  });
  const environment = () => ({ ...hospital.environment(), CLOUDFLARE_API_TOKEN: "" });
  const says = (found: ReturnType<typeof byId>, id: string) =>
    found[id]?.map((one) => `${one.state}: ${one.says}`).join();
  beforeAll(async () => {
    const id = await makeProject(hospital.cloud, "castchat-web", { ONLY_THERE: "x" }, "otherTeam");
    await hospital.cloud.call("otherTeam", "PATCH", `/v9/projects/${id}`, { framework: "astro" });
  });

  it("is looked at with the stack's own tokens, of which none is shown", async () => {
    const findings = await examined(hospital.standby(secrets(), environment()));
    const found = byId(findings);
    expect(says(found, "tokens.peer-vercel-token")).toMatch(/^ok: It is valid/);
    expect(says(found, "tokens.cloudflare-api-token")).toMatch(/^ok: It is valid/);
    expect(says(found, "dns.zone")).toMatch(/^ok: /);
    expect(says(found, "vercel.build")).toMatch(/framework is "astro" in castchat-web/);
    expect(says(found, "vercel.variables")).toMatch(/: ONLY_THERE\./);
    expect(says(found, "app.sealed-variables")).toMatch(/lacks them: ONLY_THERE\.$/);
    const shown = JSON.stringify(findings);
    for (const secret of [hospital.cloud.otherTeam.token, hospital.cloud.credentials.cloudflareToken])
      expect(shown).not.toContain(secret);
  });

  it("needs tokens that are renewed in the stack's settings", async () => {
    const wrong = { ...secrets(), peerVercelToken: "wrong", dnsToken: "wrong" };
    const found = byId(await examined(hospital.standby(wrong, environment())));
    expect(found["tokens.peer-vercel-token"]?.[0]).toMatchObject({
      state: "failed",
      fix: "pulumi config set --secret peerVercelToken -s dr",
    });
    expect(found["tokens.cloudflare-api-token"]?.[0]).toMatchObject({
      state: "failed",
      fix: "pulumi config set --secret dnsToken -s dr",
    });
    expect(says(found, "vercel.build")).toMatch(/^unknown: .*Check peerVercelToken/);
  });
});

describe("an app's sealed variables", () => {
  const sealed = async (patient: Omit<Patient, "signal">) => byId(await examined(patient))["app.sealed-variables"];

  it("lack what the live project has got since, by name", async () =>
    expect(await sealed(hospital.standby())).toEqual([
      expect.objectContaining({ state: "warning", says: expect.stringMatching(/lacks them: PAYMENT_KEY\.$/) }),
    ]));

  it("are looked for without the identity, and are old after half a year", async () => {
    const environment = { ...hospital.environment(), CASTCHAT_AGE_IDENTITY: "" };
    const patient = hospital.standby({}, environment);
    expect(await sealed(patient)).toMatchObject([
      { state: "ok", says: "The variables of castchat-dr were sealed 0 min ago." },
    ]);
    const clock = () => new Date(hospital.now().getTime() + 200 * 86_400_000);
    expect(await sealed({ ...patient, clock })).toMatchObject([
      { state: "warning", says: expect.stringMatching(/sealed 200 d 0 h ago: a value that was replaced since/) },
    ]);
  });
});

describe("the tokens of the scheduled backups", () => {
  it("are asked about with the runs' own ones, and end at the service's word or the recorded one", async () => {
    const { vercelToken, githubToken, supabaseToken } = hospital.cloud.credentials;
    const inDays = (days: number) => new Date(hospital.now().getTime() + days * 86_400_000);
    const secrets: Record<string, { token?: string; expiresAt?: Date | "never" }> = {
      vercel: { token: "revoked-token-of-the-runs" },
      github: { token: githubToken },
      cloudflare: {},
      supabase: { token: supabaseToken, expiresAt: inDays(20) },
    };
    const patient = hospital.standby();
    const read = (name: string) => Promise.resolve(secrets[name.split(/[-/]/).at(-1)!]);
    const schedule = { name: "s", project: "p", missedRunsUrl: "http://queue" };
    const examinedWith = async (more: object) => {
      const ports = { ...patient.ports, runnerSecrets: () => ({ read, ...more }) as never };
      const outputs = { ...patient.outputs, schedule };
      return (byId(await examined({ ...patient, ports, outputs }))["tokens.runs"] ?? []).map(
        ({ state, says, fix }) => [state, says, fix] as const,
      );
    };
    hospital.cloud.githubToken.expiresAt = inDays(3);
    const found = await examinedWith({});
    delete hospital.cloud.githubToken.expiresAt;
    expect(found).toEqual([
      [
        "failed",
        expect.stringMatching(/refuses the runs' token of vercel/),
        expect.stringMatching(/^export RUNNER_VERCEL/),
      ],
      ["failed", expect.stringMatching(/token of github is valid\. It ends in (?:2 d 23 h|3 d)/), expect.anything()],
      [
        "failed",
        "The runs have no token of cloudflare, so every backup lacks what is read with it.",
        "export RUNNER_CLOUDFLARE_API_TOKEN with a new token, then castchat-recovery schedule rotate cloudflare -s dr",
      ],
      ["warning", expect.stringMatching(/token of supabase is valid\. It ends in 20 d/), expect.anything()],
    ]);
    expect(JSON.stringify(found)).not.toMatch(/revoked-token-of-the-runs/);
    expect(JSON.stringify(found)).not.toContain(vercelToken);
    const refused = { read: () => Promise.reject(new Error("not authorized to read")) };
    expect((await examinedWith(refused)).map(([state]) => state)).toEqual(Array(4).fill("unknown"));
  });
});

describe("a database that grows", () => {
  const scheduled = { schedule: { name: "s", project: "p", missedRunsUrl: "http://queue" } };
  const examinedAt = async (bytes: number) => {
    const patient = hospital.standby();
    const runs = { newest: () => Promise.resolve([]), missed: () => Promise.resolve(0) };
    const facts = { serverMajor: 17, serverVersion: "17.10", bytes, isReadOnly: false };
    const machine = { computeType: "BUILD_GENERAL1_SMALL", image: "node:24" };
    const ports = {
      ...patient.ports,
      database: () => Promise.resolve(facts),
      scheduledRuns: () => runs as never,
      aws: () => ({
        ...patient.ports.aws(),
        buildMachine: () => Promise.resolve(machine),
        concurrentBuilds: () => Promise.resolve(0),
      }),
    };
    return byId(await examined({ ...patient, ports, outputs: { ...patient.outputs, ...scheduled } }));
  };

  it("asks for a larger machine, and beyond 30 minutes for point-in-time recovery first", async () => {
    const small = await examinedAt(5e9);
    expect(small["aws.machine"]?.[0]).toMatchObject({ state: "ok" });
    expect(small["supabase.restore-time"]?.[0]).toMatchObject({ state: "ok" });
    const large = await examinedAt(250e9);
    expect(large["aws.machine"]?.[0]).toMatchObject({
      state: "failed",
      says: "The machine small has too little memory for a database of 250 GB.",
      fix: "pulumi config set runnerCompute large -s dr, then pulumi up -s dr",
    });
    expect(large["supabase.restore-time"]?.[0]).toMatchObject({
      state: "failed",
      says: expect.stringMatching(/up to about 197 GB.*point-in-time recovery, and use it first/),
    });
    expect((await examinedAt(900e9))["aws.machine"]?.[0]?.says).toMatch(/A backup of 900 GB does not end/);
  });

  it("needs CodeBuild to run one build at least", async () =>
    expect((await examinedAt(5e9))["aws.quota"]?.[0]).toMatchObject({
      state: "failed",
      says: expect.stringMatching(/"Concurrently running builds for Linux\/Small environment" is 0 in ap-northeast-3/),
    }));
});

describe("an empty installation", () => {
  it("skips what does not exist yet, and says what is missing on this machine", async () => {
    const findings = await examined({ ...hospital.standby({}, {}), outputs: undefined });
    const found = byId(findings);
    expect(found["local.credentials"]?.[0]).toMatchObject({
      state: "failed",
      says: expect.stringMatching(/VERCEL_API_TOKEN, GITHUB_TOKEN/),
    });
    expect(found["aws.newest-backup"]?.[0]).toMatchObject({ state: "skipped" });
    expect(findings.filter(({ id }) => id.startsWith("vercel.")).every(({ state }) => state === "unknown")).toBe(true);
    expect(verdictOf("dr", findings).state).toBe("failed");
  });
});
