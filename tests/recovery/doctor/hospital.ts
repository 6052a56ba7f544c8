import { identityToRecipient } from "age-encryption";

import { TIERS } from "../../../planning/tiers.ts";
import { lookAtServer } from "../../../recovery/doctor/databaseFacts.ts";
import type { DoctorPorts, Patient } from "../../../recovery/doctor/subject.ts";
import { importVariables } from "../../../recovery/environment/importVariables.ts";
import { mirrorNamed } from "../../../recovery/mirror/mirrorNamed.ts";
import { newestProven } from "../../../recovery/vault/chooseBackup.ts";
import type { SealedVariable } from "../../../recovery/vault/environmentPart.ts";
import { listBackups } from "../../../recovery/vault/listBackups.ts";
import { systemClock } from "../../../services/common/clock.ts";
import { silent } from "../../../services/common/reporter.ts";
import { services } from "../../../services/services.ts";
import { sealerTo } from "../../../services/vault/encryption.ts";
import { type Endpoints, flatEndpoints } from "../../../settings/endpoints.ts";
import { parseSettings, type RawSettings, type Settings } from "../../../settings/settings.ts";
import { startMiniCloud } from "../../provider/recovery/miniCloud.ts";
import { commitFiles, makeProject } from "../../provider/recovery/tinyApp.ts";
import { keptVault } from "./folderVault.ts";
import { ownSigner, writableOver } from "./writableVault.ts";

const NAME = "app.castchat.example";
const [REPOSITORY, MIRROR] = ["castchat/app", "castchat-standby/app"] as const;
const HOUR_MS = 3_600_000;
const PASSWORD = "the-password-of-the-live-database";

/** A company that runs, with its standby, in the emulators. Every request of the examination is noted in `asked`. */
export async function startHospital() {
  const cloud = await startMiniCloud();
  const asked: string[] = [];
  const noted = (call: string) => void asked.push(call);
  const received = new Date(0);
  const { vault: kept, fixture } = keptVault(noted, received);
  const [vault, signer] = [writableOver(kept), ownSigner()];
  const trustedKeys = [fixture.publicKeyPem, await signer.publicKeyPem()];
  received.setTime(Date.now());
  const newest = newestProven(await listBackups({ vault, trustedKeys, tiers: TIERS }));
  const now = () => new Date(Date.parse(newest?.manifest.finishedAt ?? "") + HOUR_MS);

  const sealer = await sealerTo([await identityToRecipient(fixture.identity)]);
  const variable: SealedVariable = {
    key: "DATABASE_URL",
    targets: ["production"],
    from: "databaseUrl",
    drill: { is: "unset" },
  };
  const sealing = { vault, signer, sealer, trustedKeys, tiers: TIERS, clock: now, reporter: silent };
  await importVariables({ ...sealing, app: undefined, variables: [variable] });

  const { ref } = await cloud.databaseHost.createProject({
    name: "CastChat live",
    organization: "castchat",
    region: "ap-northeast-1",
    password: PASSWORD,
  });
  while ((await cloud.databaseHost.project(ref))?.state !== "healthy") await new Promise(setImmediate);
  const { host, port, user, database } = await cloud.databaseHost.sessionAddress(ref);
  const databaseUrl = `postgresql://${user}:${PASSWORD}@${host}:${port}/${database}`;

  const web = await makeProject(cloud, "castchat-web", { DATABASE_URL: "x" });
  const spare = await makeProject(cloud, "castchat-dr");
  const built = { framework: "nextjs", resourceConfig: { functionDefaultRegions: ["hnd1"] } };
  for (const id of [web, spare]) await cloud.call("vercel", "PATCH", `/v9/projects/${id}`, built);
  await cloud.call("vercel", "POST", `/v10/projects/${web}/domains`, { name: NAME });
  const zone = await cloud.call("cloudflare", "POST", "/client/v4/zones", {
    name: "castchat.example",
    account: { id: "acc" },
  });
  const { id: zoneId } = zone["result"] as { id: string };
  const recordsPath = `/client/v4/zones/${zoneId}/dns_records`;
  const record = { type: "CNAME", name: NAME, content: "cname.vercel-dns.com", ttl: 60 };
  const made = await cloud.call("cloudflare", "POST", recordsPath, { ...record, proxied: false });
  await commitFiles(cloud, REPOSITORY, { "index.html": "hello" });
  const [owner, name] = MIRROR.split("/");
  await cloud.call("github", "POST", `/api/v3/orgs/${owner}/repos`, { name, private: true });
  const named = (fullName: string) => ({ host: cloud.codeHost, fullName, urlOf: cloud.repository });
  const run = { git: cloud.git, clock: systemClock, signal: new AbortController().signal, reporter: silent };
  await mirrorNamed(run, { source: named(REPOSITORY), mirror: named(MIRROR), deployedBranches: [] });
  await cloud.call("github", "PUT", `/api/v3/repos/${MIRROR}/actions/permissions`, { enabled: false });

  const at = cloud.address;
  const endpoints: Endpoints = {
    vercel: at("vercel"),
    github: at("github"),
    cloudflare: at("cloudflare"),
    supabase: at("supabase"),
    supabaseProject: `${at("supabase")}/projects/{ref}`,
  };
  const app = {
    project: "castchat-dr",
    peerProject: "castchat-web",
    repository: REPOSITORY,
    mirror: MIRROR,
    publicNames: [NAME],
  };
  const rawSettings = (): RawSettings => ({
    role: "standby",
    awsAccountId: "222222222222",
    awsRegion: "ap-northeast-3",
    peerAwsAccountId: "111111111111",
    peerAwsRegion: "ap-northeast-1",
    trustedWriterKeys: JSON.stringify(trustedKeys),
    zoneName: "castchat.example",
    takeover: JSON.stringify([NAME]),
    supabaseOrganization: "castchat",
    supabaseRegion: "ap-northeast-2",
    peerSupabaseRef: ref,
    peerDatabaseUrl: databaseUrl,
    apps: JSON.stringify([app]),
  });
  const environment = (): NodeJS.ProcessEnv => ({
    VERCEL_API_TOKEN: cloud.credentials.vercelToken,
    GITHUB_TOKEN: cloud.credentials.githubToken,
    CLOUDFLARE_API_TOKEN: cloud.credentials.cloudflareToken,
    SUPABASE_ACCESS_TOKEN: cloud.credentials.supabaseToken,
    CASTCHAT_AGE_IDENTITY: fixture.identity,
    PULUMI_BACKEND_URL: "s3://castchat-state?region=ap-northeast-3",
  });
  const health = {
    status: 200,
    body: { status: "ok", deployment: "dpl_1" },
    text: "",
    excerpt: "",
    servedBy: "Vercel",
  };
  let isHealthy = true;

  const original = globalThis.fetch;
  globalThis.fetch = (input, init) => {
    noted(`${init?.method ?? "GET"} ${input instanceof Request ? input.url : String(input)}`);
    return original(input, init);
  };

  const portsOf = (given: NodeJS.ProcessEnv, settings: Settings): DoctorPorts => {
    const { ports, inspectToken } = services({ ...settings, endpoints, mirrorOwner: "castchat-standby" }, given);
    const aws = {
      caller: () => Promise.resolve("arn:aws:sts::222222222222:assumed-role/castchat-recovery-deployer/engineer"),
      isVersioned: () => Promise.resolve(true),
      replication: () => Promise.resolve("REPLICA" as const),
      buildMachine: () => Promise.resolve(undefined),
      concurrentBuilds: () => Promise.resolve(undefined),
    };
    return {
      ...ports,
      git: () => ({
        ...ports.git(),
        remoteRefs: (...args) => {
          noted("GET git refs");
          return ports.git().remoteRefs(...args);
        },
        push: () => Promise.reject(new Error("an examination pushes nothing")),
      }),
      vault: () => vault,
      aws: () => aws,
      awsOfState: () => aws,
      edge: (url) => {
        noted(`GET ${url}`);
        return Promise.resolve(isHealthy ? health : { ...health, status: 500, body: { status: "down" } });
      },
      inspectToken,
      database: lookAtServer,
      machine: {
        engine: () => Promise.resolve("v3.250.0"),
        plugins: () => Promise.resolve([{ name: "aws", wanted: "7.48.0", found: "installed" }]),
        postgresClient: () => Promise.resolve("18.4"),
      },
    };
  };

  return {
    cloud,
    asked,
    now,
    databaseUrl,
    settings: rawSettings,
    environment,
    endpoints: () => flatEndpoints(endpoints),
    secrets: () => [PASSWORD, fixture.identity, ...Object.values(cloud.credentials).filter((one) => one.length > 8)],
    /** The standby, up and ready, with other settings and variables if they are given. */
    standby(more: Record<string, unknown> = {}, given = environment()): Omit<Patient, "signal"> {
      const texts = Object.entries(more).map(([key, value]) => [
        key,
        typeof value === "string" ? value : JSON.stringify(value),
      ]);
      const raw = { ...rawSettings(), ...flatEndpoints(endpoints), ...(Object.fromEntries(texts) as RawSettings) };
      const settings = parseSettings(raw, "dr");
      return {
        settings,
        outputs: { vaultBucket: "kept", signingPublicKey: fixture.publicKeyPem },
        ports: portsOf(given, settings),
        environment: given,
        clock: now,
      };
    },
    /** What goes wrong in a company over the months. */
    async damage() {
      isHealthy = false;
      const protection = { ssoProtection: { deploymentType: "all" } };
      const reset = { framework: null, resourceConfig: { functionDefaultRegions: ["iad1"] } };
      await cloud.call("vercel", "PATCH", `/v9/projects/${spare}`, { ...protection, ...reset });
      const added = { key: "PAYMENT_KEY", value: "secret", type: "encrypted", target: ["production"] };
      await cloud.call("vercel", "POST", `/v10/projects/${web}/env`, added);
      const { id } = made["result"] as { id: string };
      await cloud.call("cloudflare", "PUT", `${recordsPath}/${id}`, { ...record, ttl: 1, proxied: true });
      const caa = {
        type: "CAA",
        name: "castchat.example",
        data: { flags: 0, tag: "issue", value: "pki.goog" },
        ttl: 3600,
      };
      await cloud.call("cloudflare", "POST", recordsPath, caa);
      await commitFiles(cloud, REPOSITORY, {
        ".gitattributes": "*.mp4 filter=lfs diff=lfs merge=lfs -text\n",
        ".gitmodules": '[submodule "lib"]\n',
        ".github/workflows/ci.yml": "on: push\n",
      });
      await cloud.call("github", "PUT", `/api/v3/repos/${MIRROR}/actions/permissions`, { enabled: true });
      const wanted = { name: "castchat-dr-g2", organization: "castchat", region: "ap-northeast-2", password: PASSWORD };
      await cloud.databaseHost.createProject(wanted);
    },
    async stop() {
      globalThis.fetch = original;
      await cloud.stop();
    },
  };
}
