import { execFile, spawn, type StdioOptions } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { promisify } from "node:util";

import { childEnvironment } from "../../../services/common/childEnvironment.ts";
import { redact, UserError } from "../../../services/common/errors.ts";
import type { DatabaseAddress } from "../session/databaseUrl.ts";

/** A Postgres client program that was found on PATH. */
export interface PgTool {
  name: "pg_dump" | "pg_restore";
  /** As it prints it, "18.4". */
  version: string;
}

/**
 * Finds a client program on PATH. pg_dump refuses a newer server, and an older pg_restore can't read a newer archive.
 *
 * @throws UserError if its major version is lower than the server's, or it is missing
 */
export async function findPgTool(name: PgTool["name"], serverMajor: number): Promise<PgTool> {
  let output: string;
  try {
    ({ stdout: output } = await promisify(execFile)(name, ["--version"], { env: process.env }));
  } catch (error) {
    throw new UserError(
      `${name} is not on PATH. Install the PostgreSQL client programs, version ${serverMajor} or newer.`,
      { cause: error },
    );
  }
  const version = /(\d+(?:\.\d+)*)/.exec(output)?.[1] ?? "0";
  if (Number.parseInt(version, 10) < serverMajor) {
    throw new UserError(
      `${name} ${version} is older than the server's major version ${serverMajor}. Put PostgreSQL client programs of version ${serverMajor} or newer first on PATH.`,
    );
  }
  return { name, version };
}

/** How a client program is run. */
export interface PgToolOptions {
  args: readonly string[];
  /** Database to connect to, if the program needs one. */
  address?: DatabaseAddress | undefined;
  applicationName: string;
  /** Server settings for its sessions, e.g. `{session_replication_role: "replica"}`. */
  settings?: Readonly<Record<string, string>>;
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

/** Starts a client program. The password is passed in the environment, never in arguments, which any user of the machine can read. */
export function startPgTool(name: PgTool["name"], options: PgToolOptions): RunningPgTool {
  options.signal?.throwIfAborted();
  const stdio: StdioOptions = ["pipe", "pipe", "pipe", ...(options.files ?? [])];
  const child = spawn(name, [...options.args], { stdio, env: environmentFor(options) });
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
  done.catch(() => undefined);
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

function environmentFor({ address, applicationName, settings }: PgToolOptions): NodeJS.ProcessEnv {
  // A closed write gate (recovery/gate/writeGate.ts) must not block the recovery's own sessions.
  const effective = Object.entries({ ...(address && { default_transaction_read_only: "off" }), ...settings });
  return {
    ...childEnvironment(),
    LC_ALL: "C.UTF-8",
    PGAPPNAME: applicationName,
    ...(effective.length > 0 && { PGOPTIONS: effective.map(([name, value]) => `-c ${name}=${value}`).join(" ") }),
    ...(address && {
      PGHOST: address.host,
      PGPORT: String(address.port),
      PGUSER: address.user,
      PGPASSWORD: address.password,
      PGDATABASE: address.database,
      PGSSLMODE: address.sslMode,
      PGCONNECT_TIMEOUT: "8",
    }),
  };
}
