import { execFile, spawn, type StdioOptions } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";

import { childEnvironment } from "../../../services/common/childEnvironment.ts";
import { redact, UserError } from "../../../services/common/errors.ts";
import { LOOPBACK } from "../../../services/common/ports.ts";
import type { DatabaseAddress } from "../session/databaseUrl.ts";
import { libpqTrust } from "../session/serverTrust.ts";
import { pathFolders, programFolders } from "./postgresPrograms.ts";

/** A Postgres client program that was found. */
export interface PgTool {
  name: "pg_dump" | "pg_restore";
  /** As it prints it, "18.4". */
  version: string;
  /** Its path. */
  program: string;
}

/**
 * Finds a client program. pg_dump refuses a newer server, and an older pg_restore can't read a newer archive. A program that only reads files
 * is the first one on PATH. One that connects is the first that fits, on PATH or in Debian's folders: for a server with TLS it has to have
 * TLS, which the one that the sandbox brings has not.
 *
 * @param address the server that it will connect to, if it connects
 * @throws UserError that says what is wrong with those that were found
 */
export async function findPgTool(
  name: PgTool["name"],
  serverMajor: number,
  address?: Pick<DatabaseAddress, "sslMode">,
): Promise<PgTool> {
  const needsTls = address !== undefined && address.sslMode !== "disable";
  const faults: string[] = [];
  for (const folder of address === undefined ? pathFolders(process.env) : await programFolders(process.env)) {
    const program = join(folder, name);
    const version = await versionOf(program);
    if (version === undefined) continue;
    if (Number.parseInt(version, 10) < serverMajor)
      faults.push(`${program} ${version} is older than the server's major version ${serverMajor}`);
    else if (needsTls && !(await hasTls(program)))
      faults.push(`${program} ${version} was built without TLS, so it cannot verify the server`);
    else return { name, version, program };
    if (address === undefined) break;
  }
  const wanted = `PostgreSQL client programs of version ${serverMajor} or newer${needsTls ? " with TLS" : ""}`;
  throw new UserError(
    faults.length === 0
      ? `${name} is not on PATH. Install the ${wanted}.`
      : `${faults.join(". ")}. Install the ${wanted}, and put them on PATH.`,
  );
}

async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(program, ["--version"], { env: childEnvironment() });
    return /(\d+(?:\.\d+)*)/.exec(stdout)?.[1] ?? "0";
  } catch {
    // Missing, or it does not run on this machine.
    return undefined;
  }
}

/** Whether a program can use TLS. Without it, libpq refuses the mode before it tries the address, where no server is. */
async function hasTls(program: string): Promise<boolean> {
  const env = { ...childEnvironment(), LC_ALL: "C", PGSSLMODE: "verify-full", PGHOST: LOOPBACK, PGPORT: "1" };
  try {
    await promisify(execFile)(program, ["--no-password"], { env });
    return true;
  } catch (error) {
    return !String((error as { stderr?: unknown }).stderr).includes("SSL support is not compiled in");
  }
}

/** How a client program is run. */
export interface PgToolOptions {
  args: readonly string[];
  /** Database to connect to, if the program needs one. */
  address?: DatabaseAddress | undefined;
  applicationName: string;
  /** Further open files, which the program finds as /dev/fd/3, /dev/fd/4 … */
  files?: readonly number[];
  signal?: AbortSignal | undefined;
}

/** A running client program. */
export interface RunningPgTool {
  stdin: Writable;
  stdout: Readable;
  /** Resolves when the program has ended. Rejects with what it wrote to standard error, without secrets. */
  done: Promise<void>;
  /** Ends the program. */
  kill(): void;
}

/** Characters that are kept of standard error, from its start and from its end: pg_dump prints its whole statement after the reason. */
const KEPT_STDERR = 2_000;

/**
 * Starts a client program, the one on PATH or the one that was found. The password is passed in the environment, never in arguments, which
 * any user of the machine can read.
 */
export function startPgTool(tool: PgTool["name"] | PgTool, options: PgToolOptions): RunningPgTool {
  const { name, program } = typeof tool === "string" ? { name: tool, program: tool } : tool;
  options.signal?.throwIfAborted();
  const stdio: StdioOptions = ["pipe", "pipe", "pipe", ...(options.files ?? [])];
  const files = privateFiles(name);
  const child = spawn(program, [...options.args], { stdio, env: environmentFor(options, files.write) });
  const { stdin, stdout, stderr } = child;
  if (stdin === null || stdout === null || stderr === null) throw new Error(`${name} has no standard streams`);
  const complaint = { begin: "", end: "" };
  stderr.setEncoding("utf8").on("data", (text: string) => {
    const room = KEPT_STDERR - complaint.begin.length;
    complaint.begin += text.slice(0, room);
    const rest = complaint.end + text.slice(room);
    complaint.end = rest.length > KEPT_STDERR ? ` … ${rest.slice(-KEPT_STDERR)}` : rest;
  });
  // A program that ends early closes its input. Its exit code says why; the broken pipe does not.
  stdin.on("error", () => undefined);
  const kill = () => void child.kill("SIGKILL");
  options.signal?.addEventListener("abort", kill, { once: true });
  const done = new Promise<void>((resolve, reject) => {
    child.once("error", (error) => reject(new UserError(`${name} cannot be run: ${error.message}`, { cause: error })));
    child.once("close", (code, signal) => {
      options.signal?.removeEventListener("abort", kill);
      const end = signal ?? `exit code ${code ?? "?"}`;
      if (code === 0) resolve();
      else if (options.signal?.aborted === true) reject(options.signal.reason as Error);
      else
        reject(
          new Error(`${name} failed (${end}): ${redact(complaint.begin + complaint.end).trim() || "it said nothing"}`),
        );
    });
  });
  // The caller awaits it later; a failure before that must not end the process.
  done.catch(() => undefined).finally(files.remove);
  return { stdin, stdout, done, kill };
}

/** Runs a client program to its end and returns what it wrote to standard output, at most 64 MB. */
export async function runPgTool(name: PgTool["name"], options: PgToolOptions): Promise<string> {
  const tool = startPgTool(name, options);
  tool.stdin.end();
  const chunks: Buffer[] = [];
  for await (const chunk of tool.stdout as AsyncIterable<Buffer>) chunks.push(chunk);
  await tool.done;
  return Buffer.concat(chunks).toString("utf8");
}

/** A private folder for a program's files, which is made for the first one. */
function privateFiles(name: string) {
  let folder: string | undefined;
  return {
    write: (content: string): string => {
      folder ??= mkdtempSync(join(tmpdir(), `castchat-${name}-${process.pid}-`));
      const path = join(folder, "root-certificates.pem");
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    },
    remove: (): void => {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * No startup options (PGOPTIONS): Supabase's pooler passes on none but `search_path`, and a server that refuses one costs the pool
 * (https://github.com/supabase/supavisor, lib/supavisor/protocol/startup_options.ex, db_handler.ex). The only program that connects is
 * pg_dump, which reads in a transaction of its own settings.
 */
function environmentFor(
  { address, applicationName }: PgToolOptions,
  write: (content: string) => string,
): NodeJS.ProcessEnv {
  return {
    ...childEnvironment(),
    LC_ALL: "C.UTF-8",
    PGAPPNAME: applicationName,
    ...(address && {
      PGHOST: address.host,
      PGPORT: String(address.port),
      PGUSER: address.user,
      PGPASSWORD: address.password,
      PGDATABASE: address.database,
      ...libpqTrust(address, write),
      PGCONNECT_TIMEOUT: "8",
    }),
  };
}
