import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { freePorts, LOOPBACK } from "../../../services/common/ports.ts";
import type { ProjectConnection, ProjectServers } from "../host/services.ts";
import type { Supervisor } from "../host/supervisor.ts";
import { writeWhole } from "../host/writeWhole.ts";
import type { PoolerLimits } from "../pooler/limits.ts";
import { type Pooler, type PoolMode, startPooler } from "../pooler/pooler.ts";
import { withClient } from "./client.ts";
import { type ClusterOptions, createCluster, killCluster, startCluster, stopCluster, SUPERUSER } from "./cluster.ts";
import { copyCluster, dropReplaced, isWritable, replaceCluster } from "./physicalCopy.ts";
import { connectionUrl, prepareSupabase, setPostgresPassword } from "./supabase.ts";

/** The stored facts about a server, beside its data. */
interface Server {
  ref: string;
  port: number;
  /** Ports of its pooler. A server of an earlier sandbox has none. */
  pooler?: Readonly<Record<PoolMode, number>>;
  superuserPassword: string;
  /** A paused project's server is not started with the daemon. */
  paused: boolean;
}

/** Time limit for a server that replays changes. */
const RECOVERY_MS = 60_000;
/** Supabase's project refs: twenty lower-case letters. Digits and dashes are allowed for tests. Never a path. */
const REF = /^[a-z0-9-]{1,40}$/;

/**
 * Postgres servers on disk: `<folder>/<ref>/{server.json,data,postgres.log}`, each behind a pooler of its own. Only the superuser's address leads
 * around the pooler.
 *
 * server.json is written last, so a folder without it is an interrupted creation, and is deleted.
 */
export class LocalProjectServers implements ProjectServers {
  readonly #folder: string;
  readonly #supervisor: Supervisor;
  readonly #servers = new Map<string, Server>();
  readonly #creating = new Set<string>();
  readonly #poolers = new Map<string, Pooler>();
  readonly #limitsOf: (ref: string) => Partial<PoolerLimits>;

  /** `limitsOf` gives the limits of a project's pooler, where they are not those of the smallest size of compute. */
  constructor(folder: string, supervisor: Supervisor, limitsOf: (ref: string) => Partial<PoolerLimits> = () => ({})) {
    this.#folder = folder;
    this.#supervisor = supervisor;
    this.#limitsOf = limitsOf;
  }

  /** Starts all servers that are not paused; call once, before anything else. */
  async startAll(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await Promise.all(
      (await readdir(this.#folder)).map(async (ref) => {
        const file = join(this.#folder, ref, "server.json");
        if (!existsSync(file)) {
          await this.#remove(ref);
          return;
        }
        const server = JSON.parse(await readFile(file, "utf8")) as Server;
        this.#servers.set(ref, server);
        if (!server.paused) await this.#run(server);
      }),
    );
  }

  /** Stops all servers in order; they start again with the next daemon. */
  async stopAll(): Promise<void> {
    await Promise.all([...this.#servers.keys()].map((ref) => this.#end(ref)));
    // A server that is being created ends with the supervisor's other processes, and is deleted at the next start.
  }

  /** Refs of all servers, paused ones included. */
  refs(): string[] {
    return [...this.#servers.keys()];
  }

  async create(ref: string, postgresPassword: string): Promise<ProjectConnection> {
    if (!REF.test(ref)) throw new Error(`"${ref}" is no project ref`);
    if (this.#servers.has(ref) || this.#creating.has(ref))
      throw new Error(`the server of project ${ref} exists already`);
    this.#creating.add(ref);
    const [port = 0, session = 0, transaction = 0] = await freePorts(3);
    const server: Server = {
      ref,
      port,
      pooler: { session, transaction },
      superuserPassword: randomBytes(24).toString("base64url"),
      paused: false,
    };
    try {
      await this.#remove(ref);
      await mkdir(join(this.#folder, ref), { recursive: true, mode: 0o700 });
      await this.#initialize(server);
      await this.#run(server);
      await prepareSupabase(this.#connection(server).superuserUrl, { postgresPassword });
      this.#save(server);
      return this.#connection(server);
    } catch (error) {
      await this.#remove(ref);
      throw error;
    } finally {
      this.#creating.delete(ref);
    }
  }

  async start(ref: string): Promise<ProjectConnection> {
    const server = this.#known(ref);
    await this.#run(server);
    this.#save({ ...server, paused: false });
    return this.#connection(server);
  }

  async stop(ref: string): Promise<void> {
    const server = this.#known(ref);
    await this.#end(ref);
    this.#save({ ...server, paused: true });
  }

  async destroy(ref: string): Promise<void> {
    if (!REF.test(ref)) throw new Error(`"${ref}" is no project ref`);
    await this.#remove(ref);
    this.#servers.delete(ref);
  }

  async setPassword(ref: string, password: string): Promise<void> {
    await setPostgresPassword(this.#connection(this.#known(ref)).superuserUrl, password);
  }

  async saveCopy(ref: string, name: string): Promise<void> {
    const { superuserUrl } = this.#connection(this.#known(ref));
    await copyCluster({ superuserUrl, dataDir: this.#dataDir(ref), into: this.#copy(ref, name) });
  }

  async dropCopy(ref: string, name: string): Promise<void> {
    await rm(this.#copy(ref, name), { recursive: true, force: true });
  }

  async keepChanges(ref: string): Promise<void> {
    await this.#asSuperuser(ref, ["alter system set wal_keep_size = '1GB'", "select pg_reload_conf()"]);
  }

  async restoreCopy(ref: string, name: string, until?: Date): Promise<ProjectConnection> {
    const server = this.#known(ref);
    const dataDir = this.#dataDir(ref);
    if (!existsSync(this.#copy(ref, name))) throw new Error(`project ${ref} has no copy ${name}`);
    // A commit after the instant, so that the replay sees that it has passed the instant.
    if (until !== undefined && !existsSync(`${dataDir}.old`))
      await this.#asSuperuser(ref, ["select pg_current_xact_id()"]);
    await this.#end(ref);
    await replaceCluster({ dataDir, copy: this.#copy(ref, name), until });
    await this.#run(server);
    const connection = this.#connection(server);
    const deadline = Date.now() + RECOVERY_MS;
    while (!(await isWritable(connection.superuserUrl))) {
      if (Date.now() > deadline) throw new Error(`the server of project ${ref} does not come out of its recovery`);
      await sleep(100);
    }
    await dropReplaced(dataDir);
    return connection;
  }

  connection(ref: string): ProjectConnection | undefined {
    const server = this.#servers.get(ref);
    return server === undefined || server.paused ? undefined : this.#connection(server);
  }

  async #asSuperuser(ref: string, statements: readonly string[]): Promise<void> {
    await withClient(this.#connection(this.#known(ref)).superuserUrl, async (client) => {
      for (const statement of statements) await client.query(statement);
    });
  }

  async #initialize(server: Server): Promise<void> {
    const name = `initdb ${server.ref}`;
    await createCluster({
      ...this.#options(server),
      onSpawn: (pid) => this.#supervisor.add(name, pid, { stopSignal: "SIGTERM" }),
    });
    await this.#supervisor.stop(name);
  }

  async #run(server: Server): Promise<void> {
    await startCluster({
      ...this.#options(server),
      onSpawn: (pid) => this.#supervisor.add(`postgres ${server.ref}`, pid, { stopSignal: "SIGINT" }),
    });
    const { ref, port, pooler: ports } = server;
    if (ports === undefined || this.#poolers.has(ref)) return;
    this.#poolers.set(ref, await startPooler(port, { ports, limits: () => this.#limitsOf(ref) }));
  }

  /** Stops a server in order, its pooler first. */
  async #end(ref: string): Promise<void> {
    await this.#endPooler(ref);
    await stopCluster(this.#dataDir(ref));
  }

  async #endPooler(ref: string): Promise<void> {
    const pooler = this.#poolers.get(ref);
    this.#poolers.delete(ref);
    await pooler?.stop();
  }

  async #remove(ref: string): Promise<void> {
    await this.#endPooler(ref);
    await killCluster(this.#dataDir(ref));
    await rm(join(this.#folder, ref), { recursive: true, force: true });
  }

  #save(server: Server): void {
    this.#servers.set(server.ref, server);
    writeWhole(join(this.#folder, server.ref, "server.json"), JSON.stringify(server));
  }

  #known(ref: string): Server {
    const server = this.#servers.get(ref);
    if (server === undefined) throw new Error(`project ${ref} has no server`);
    return server;
  }

  #options(server: Server): ClusterOptions {
    return {
      dataDir: this.#dataDir(server.ref),
      port: server.port,
      superuserPassword: server.superuserPassword,
      log: join(this.#folder, server.ref, "postgres.log"),
    };
  }

  #connection(server: Server): ProjectConnection {
    return {
      host: LOOPBACK,
      port: server.pooler?.session ?? server.port,
      ...(server.pooler && { transactionPort: server.pooler.transaction }),
      superuserUrl: connectionUrl(SUPERUSER, server.superuserPassword, server.port),
    };
  }

  #copy(ref: string, name: string): string {
    if (!REF.test(name)) throw new Error(`"${name}" is no name of a copy`);
    return join(this.#folder, ref, "copies", name);
  }

  #dataDir(ref: string): string {
    return join(this.#folder, ref, "data");
  }
}
