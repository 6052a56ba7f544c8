import { mkdir } from "node:fs/promises";
import type { Server } from "node:http";
import { join } from "node:path";

import { createAdaptorServer } from "@hono/node-server";

import { systemClock } from "../../services/common/clock.ts";
import { messageOf, UserError } from "../../services/common/errors.ts";
import { LocalAppRunner } from "./apps.ts";
import { gatewaySecret, RegionGateway } from "./aws/gateway.ts";
import { startMinistack } from "./aws/ministack.ts";
import { advanceScheduler } from "./aws/schedulerClock.ts";
import { EdgeProxy, resolveDeployment } from "./edge.ts";
import { createCloudflareEmulator } from "./emulators/cloudflare.ts";
import { createGithubEmulator } from "./emulators/github.ts";
import type { GithubTokens } from "./emulators/githubToken.ts";
import { createGitlabEmulator } from "./emulators/gitlab.ts";
import { createSupabaseEmulator, type SupabaseEmulator } from "./emulators/supabase.ts";
import { createVercelEmulator } from "./emulators/vercel.ts";
import { processesFile, writeSandboxFile } from "./host/file.ts";
import { addressOf, layout, REGIONS, type SandboxFile } from "./host/layout.ts";
import { closeServer, listen } from "./host/servers.ts";
import { Supervisor } from "./host/supervisor.ts";
import { LocalProjectServers } from "./postgres/projectServers.ts";
import { witnessOf } from "./witness.ts";
import { SANDBOX_NAMES } from "./workspace.ts";

const MINISTACK = "ministack";
/** As GitHub recommends tokens: fine-grained, so each for one owner. */
const FINE_GRAINED_TOKENS: GithubTokens = {
  githubToken: { owner: SANDBOX_NAMES.repository.split("/")[0], workflows: true },
  mirrorGithubToken: { owner: SANDBOX_NAMES.mirrorOwner, workflows: true },
};
/** How often to check whether Supabase's own backups are due. */
const DAILY_CHECK_MS = 60_000;

/** Every service of a sandbox except the control port. */
export class Cloud {
  readonly #home: string;
  #file: SandboxFile;
  readonly #supervisor: Supervisor;
  readonly #databases: LocalProjectServers;
  readonly #apps: LocalAppRunner;
  readonly #gateways: Map<string, RegionGateway>;
  readonly #servers: Server[] = [];
  #edge: EdgeProxy | undefined;
  #supabase: SupabaseEmulator | undefined;
  #daily: NodeJS.Timeout | undefined;

  /** `file` is the content of sandbox.json; changes (outages) are written back to it. */
  constructor(home: string, file: SandboxFile) {
    const paths = layout(home);
    this.#home = home;
    this.#file = file;
    this.#supervisor = new Supervisor(processesFile(home));
    this.#databases = new LocalProjectServers(
      paths.postgres,
      this.#supervisor,
      (ref) => this.#supabase?.poolerLimits(ref) ?? {},
    );
    this.#apps = new LocalAppRunner(join(paths.home, "apps"), this.#supervisor);
    const shared = {
      upstreamPort: file.ports.ministack,
      accessKeyId: file.credentials.awsAccessKeyId,
      secretAccessKey: file.credentials.awsSecretAccessKey,
      clock: systemClock,
    };
    this.#gateways = new Map([
      [REGIONS.primary, new RegionGateway({ ...shared, region: REGIONS.primary, port: file.ports.awsPrimary })],
      [REGIONS.standby, new RegionGateway({ ...shared, region: REGIONS.standby, port: file.ports.awsStandby })],
    ]);
  }

  /** Starts everything. After a failure, call stop(). */
  async start(): Promise<void> {
    const paths = layout(this.#home);
    for (const folder of [paths.logs, paths.aws, paths.git, paths.gitlab, paths.emulators, paths.deployments]) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
    }
    const { credentials, ports } = this.#file;
    const shared = { paths, credentials, ports, postgres: this.#databases, apps: this.#apps, clock: systemClock };
    const cloudflare = createCloudflareEmulator(shared);
    const vercel = createVercelEmulator(shared, { textsAt: (name) => cloudflare.textsAt(name) });
    const supabase = createSupabaseEmulator(shared);
    this.#supabase = supabase;
    const github = createGithubEmulator(shared, FINE_GRAINED_TOKENS, "free");
    const emulators = { cloudflare, vercel, supabase, github, gitlab: createGitlabEmulator(shared) };
    const witness = await witnessOf(process.env);
    for (const [name, emulator] of Object.entries(emulators)) witness(name, emulator);
    // In sequence only if one service needs another: apps read from the databases.
    await all([this.#startAws(), this.#databases.startAll().then(() => this.#apps.startAll())]);
    for (const service of ["cloudflare", "github", "gitlab", "vercel", "supabase"] as const) {
      const server = createAdaptorServer({ fetch: emulators[service].app.fetch }) as Server;
      await listen(server, ports[service], `${service} emulator`);
      this.#servers.push(server);
    }
    this.#edge = new EdgeProxy((host, secret) => resolveDeployment(host, cloudflare, vercel, secret), this.#apps);
    await this.#edge.open(ports.edge);
    // Only now: what the last daemon's end interrupted needs apps that can be started.
    vercel.resume();
    supabase.resume();
    this.#daily = setInterval(() => void this.#lookAfterProjects(supabase), DAILY_CHECK_MS);
    this.#daily.unref();
  }

  /** Stops everything, in order where the order matters. The next daemon starts all of it again. */
  async stop(): Promise<void> {
    clearInterval(this.#daily);
    await all([
      this.#edge?.close() ?? Promise.resolve(),
      ...this.#servers.splice(0).map((server) => closeServer(server)),
      ...[...this.#gateways.values()].map((gateway) => gateway.close()),
      this.#apps.stopAll().then(() => this.#databases.stopAll()),
      this.#supervisor.stop(MINISTACK),
    ]);
    await this.#supervisor.stopAll();
  }

  /** Regions whose endpoints are disabled. */
  get outages(): readonly string[] {
    return this.#file.outages;
  }

  /** Refs of the projects that have a database server. */
  get databases(): readonly string[] {
    return this.#databases.refs();
  }

  /** Disables or enables a region's endpoints. The setting outlives restarts. */
  async setOutage(region: string, out: boolean): Promise<void> {
    const gateway = this.#gateways.get(region);
    if (gateway === undefined) {
      throw new UserError(
        `The sandbox has no AWS region "${region}": its regions are ${[...this.#gateways.keys()].join(" and ")}.`,
      );
    }
    this.#file = {
      ...this.#file,
      outages: [...this.#file.outages.filter((one) => one !== region), ...(out ? [region] : [])],
    };
    writeSandboxFile(this.#home, this.#file);
    await (out ? gateway.close() : gateway.open());
  }

  /** Simulates the loss of a project's database: the server and its data are gone for good. */
  async destroyDatabase(ref: string): Promise<void> {
    if (!this.#databases.refs().includes(ref)) {
      throw new UserError(
        `The sandbox has no database "${ref}": it has ${this.#databases.refs().join(", ") || "none"}.`,
      );
    }
    await this.#databases.destroy(ref);
  }

  /** Takes Supabase's own backup of a project now. */
  async takePlatformBackup(ref: string): Promise<void> {
    await this.#supabase?.backups.take(ref);
  }

  /** Adds Supabase's point-in-time recovery to a project's plan. */
  async enablePointInTime(ref: string): Promise<void> {
    await this.#supabase?.backups.enablePointInTime(ref);
  }

  async #lookAfterProjects({ backups, watchDisks }: SupabaseEmulator): Promise<void> {
    try {
      await backups.takeDue();
      await watchDisks();
    } catch (error) {
      process.stderr.write(`Supabase's own backups and disks: ${messageOf(error)}\n`);
    }
  }

  /** Advances the clock of the schedules in both regions. Returns the seconds by which it is now ahead. */
  async advanceScheduler(seconds: number): Promise<number> {
    return advanceScheduler(layout(this.#home).aws, seconds);
  }

  async #startAws(): Promise<void> {
    const paths = layout(this.#home);
    await startMinistack({
      dataDir: paths.aws,
      port: this.#file.ports.ministack,
      accessKeyId: this.#file.credentials.awsAccessKeyId,
      gatewaySecret: gatewaySecret(this.#file.credentials.awsSecretAccessKey),
      log: join(paths.logs, "ministack.log"),
      endsWithStarter: true,
      endpoints: {
        [REGIONS.primary]: addressOf(this.#file.ports, "awsPrimary"),
        [REGIONS.standby]: addressOf(this.#file.ports, "awsStandby"),
      },
      onSpawn: (pid) => this.#supervisor.add(MINISTACK, pid, { stopSignal: "SIGTERM", group: true }),
    });
    for (const [region, gateway] of this.#gateways) {
      if (!this.#file.outages.includes(region)) await gateway.open();
    }
  }
}

/** Waits for all of them even if some fail, and then throws the first failure. */
async function all(works: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
