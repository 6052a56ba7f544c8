import { randomBytes } from "node:crypto";
import { readlinkSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { z } from "zod";

import { messageOf, UserError } from "../../../services/common/errors.ts";
import { freePort, LOOPBACK } from "../../../services/common/ports.ts";
import { isSameProcess, startTicks } from "../../../services/common/processes.ts";
import { refuseTemporary } from "../../../services/common/temporaryFolder.ts";
import { realTiming, type Timing } from "../../../services/common/timing.ts";
import { findServerPrograms } from "../../postgres/programs/postgresPrograms.ts";
import {
  createServerData,
  killServer,
  localeArgs,
  type ServerPrograms,
  startServer,
} from "../../postgres/programs/postgresServer.ts";
import type { Throwaway, ThrowawayPostgres, ThrowawayWish } from "../../postgres/session/throwawayPostgres.ts";

/** Folders of throwaway servers in the system's temporary folder. */
const PREFIX = "castchat-verify-";
const OWNER = "owner.json";
/** A folder without an owner is younger than this while it is being made. */
const BEING_MADE_MS = 60_000;

/**
 * The process that made a folder. The start time identifies it, since process ids are reused; the namespace too, since containers share
 * folders.
 */
const ownerSchema = z.object({ pid: z.number(), startTicks: z.string().optional(), namespace: z.string() });

const CONFIGURATION = `
max_connections = 40
shared_buffers = '128MB'
max_wal_size = '2GB'
wal_level = minimal
max_wal_senders = 0
`;

/**
 * Makes a separate Postgres server for each test restore, from server programs of the wanted major version: on 127.0.0.1, with a password,
 * its data in a private temporary folder (TMPDIR).
 */
export function localThrowaway(environment: NodeJS.ProcessEnv, timing = realTiming): ThrowawayPostgres {
  return {
    async create(wish) {
      const temporary = environment["TMPDIR"] ?? tmpdir();
      await readdir(temporary).catch(refuseTemporary(temporary));
      await removeLeftovers(temporary, timing);
      const programs = await findServerPrograms(wish.serverMajor, environment, temporary);
      wish.signal.throwIfAborted();
      return await makeServer(temporary, programs, wish, timing);
    },
  };
}

async function makeServer(
  temporary: string,
  programs: ServerPrograms,
  wish: ThrowawayWish,
  timing: Timing,
): Promise<Throwaway> {
  const { reporter, signal } = wish;
  const folder = await mkdtemp(join(temporary, PREFIX));
  const dataDir = join(folder, "server", "data");
  const remove = () => removeServer(folder, timing);
  try {
    await writeFile(join(folder, OWNER), JSON.stringify(thisProcess()), { mode: 0o600 });
    await openFor(programs, folder);
    const password = randomBytes(24).toString("base64url");
    const options = {
      programs,
      dataDir,
      port: await freePort(),
      superuser: "supabase_admin",
      superuserPassword: password,
      configuration: CONFIGURATION,
      localeArgs: localeArgs(wish.serverMajor),
      log: join(folder, "postgres.log"),
      timing,
    };
    reporter("Starting a throwaway Postgres server");
    await createServerData(options);
    signal.throwIfAborted();
    await startServer(options);
    signal.throwIfAborted();
    return {
      description: `a separate server on ${LOOPBACK}:${options.port}`,
      name: `castchat_verify_${randomBytes(6).toString("hex")}`,
      adminUrl: `postgresql://${options.superuser}:${password}@${LOOPBACK}:${options.port}/postgres`,
      remove,
    };
  } catch (error) {
    const log = await readFile(join(folder, "postgres.log"), "utf8").catch(() => "");
    await remove();
    signal.throwIfAborted();
    if (error instanceof UserError) throw error;
    // The last lines of initdb and of the server say more than the command that failed.
    const reason = [messageOf(error), log].map(decisiveLine).filter((one) => one !== "");
    throw new UserError(
      `The throwaway Postgres server in ${folder} does not start (${reason.join("; ")}). Set TMPDIR to a folder that any user may enter, with room for the whole database.`,
      { cause: error },
    );
  }
}

/** The last line that names an error; otherwise the last one, since initdb ends with what it has cleaned up. */
function decisiveLine(text: string): string {
  const lines = text.trim().split("\n");
  return lines.findLast((line) => /error|fatal|no space/i.test(line)) ?? lines.at(-1) ?? "";
}

/** Lets the server's user reach its data, and nothing else in the folder. */
async function openFor(programs: ServerPrograms, folder: string): Promise<void> {
  const inner = join(folder, "server");
  await mkdir(inner, { mode: 0o700 });
  if (programs.owner === undefined) return;
  await chmod(folder, 0o711);
  await chown(inner, programs.owner.uid, programs.owner.gid);
}

/** Ends the servers and deletes the folders of processes that are gone. A kill -9 leaves both behind. */
async function removeLeftovers(temporary: string, timing: Timing): Promise<void> {
  const own = thisProcess();
  for (const name of (await readdir(temporary)).filter((one) => one.startsWith(PREFIX))) {
    const folder = join(temporary, name);
    const found = await stat(folder).catch(ifGone);
    if (found === undefined || found.uid !== process.getuid?.()) continue;
    const owner = await readOwner(folder);
    if (owner === undefined && Date.now() - found.mtimeMs < BEING_MADE_MS) continue;
    if (owner !== undefined && (owner.namespace !== own.namespace || isSameProcess(owner.pid, owner.startTicks)))
      continue;
    await removeServer(folder, timing);
  }
}

async function removeServer(folder: string, timing: Timing): Promise<void> {
  await killServer(join(folder, "server", "data"), timing);
  await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

function thisProcess(): z.infer<typeof ownerSchema> {
  const namespace = process.platform === "linux" ? readlinkSync("/proc/self/ns/pid") : "";
  return { pid: process.pid, startTicks: startTicks(process.pid), namespace };
}

async function readOwner(folder: string): Promise<z.infer<typeof ownerSchema> | undefined> {
  const text = await readFile(join(folder, OWNER), "utf8").catch(ifGone);
  if (text === undefined) return undefined;
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch (error) {
    // Incomplete, because its writer was killed.
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

function ifGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  return undefined;
}
