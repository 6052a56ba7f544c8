import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { findPgTool, runPgTool, startPgTool } from "../../../../recovery/postgres/programs/pgTools.ts";
import { parseDatabaseUrl } from "../../../../recovery/postgres/session/databaseUrl.ts";
import { SUPABASE_ROOTS } from "../../../../recovery/postgres/session/supabaseRoots.ts";
import { UserError } from "../../../../services/common/errors.ts";
import { expectRefusal } from "../../../support/refusal.ts";

const PATH = process.env["PATH"];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "pg-tools-"));
});
afterEach(() => {
  process.env["PATH"] = PATH;
  rmSync(folder, { recursive: true });
});

/** Puts a program with that name, and nothing else, on PATH (with /bin for its own needs). */
function fake(name: string, script: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  process.env["PATH"] = `${folder}:/usr/bin:/bin`;
}

const options = { args: [], applicationName: "a test" };
const address = parseDatabaseUrl("postgresql://postgres:top-secret@127.0.0.1:9/postgres");
const dump = (more: object = {}) => runPgTool("pg_dump", { ...options, address, ...more });

describe("findPgTool", () => {
  it("finds the real one", async () => {
    expect((await findPgTool("pg_dump", 17)).version).toMatch(/^\d+\.\d+$/);
  });

  it("refuses one that is older than the server", async () => {
    fake("pg_dump", 'echo "pg_dump (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)"');
    await expect(findPgTool("pg_dump", 17)).rejects.toThrow(
      `${folder}/pg_dump 15.8 is older than the server's major version 17`,
    );
    const program = join(folder, "pg_dump");
    expect(await findPgTool("pg_dump", 15)).toEqual({ name: "pg_dump", version: "15.8", program });
  });

  it("passes over one without TLS, if the server has TLS", async () => {
    const complaint = 'sslmode value "$PGSSLMODE" invalid when SSL support is not compiled in';
    const versioned = '[ "$1" = --version ] && { echo "pg_dump (PostgreSQL) 99.1"; exit; }';
    fake("pg_dump", `${versioned}; echo '${complaint}' >&2; exit 1`);
    expect(await findPgTool("pg_dump", 99, { sslMode: "disable" })).toMatchObject({ version: "99.1" });
    const refused = `${folder}/pg_dump 99.1 was built without TLS, so it cannot verify the server.`;
    await expectRefusal(findPgTool("pg_dump", 99, { sslMode: "verify-full" }), UserError, refused);
    fake("pg_dump", `${versioned}; echo 'connection refused' >&2; exit 1`);
    expect(await findPgTool("pg_dump", 99, { sslMode: "verify-full" })).toMatchObject({ version: "99.1" });
  });

  it("says when there is none", async () => {
    process.env["PATH"] = folder;
    await expect(findPgTool("pg_restore", 17)).rejects.toThrow(
      "pg_restore is not on PATH. Install the PostgreSQL client programs of version 17 or newer.",
    );
    await expect(findPgTool("pg_restore", 17)).rejects.toThrow(UserError);
  });
});

describe("startPgTool", () => {
  it("hands the password over by environment, never by arguments, and nothing of the caller's own settings", async () => {
    process.env["PGSERVICE"] = "elsewhere";
    process.env["PGOPTIONS"] = "-c work_mem=1MB";
    fake("pg_dump", 'tr "\\0" " " < /proc/$$/cmdline; echo; env | grep ^PG | sort');
    const output = await dump({ args: ["--x"] });
    delete process.env["PGSERVICE"];
    delete process.env["PGOPTIONS"];
    const [commandLine, ...environment] = output.trim().split("\n");
    expect(commandLine).not.toContain("top-secret");
    expect(environment).toEqual([
      ...["PGAPPNAME=a test", "PGCONNECT_TIMEOUT=8", "PGDATABASE=postgres", "PGHOST=127.0.0.1"],
      ...["PGPASSWORD=top-secret", "PGPORT=9", "PGSSLMODE=disable", "PGUSER=postgres"],
    ]);
  });

  it("gives the root certificates in a file, for as long as the program runs", async () => {
    fake("pg_dump", 'env | grep ^PGSSL | LC_ALL=C sort; cat "$PGSSLROOTCERT"');
    const remote = (query = "") => dump({ address: parseDatabaseUrl(`postgresql://u:p@db.example/d${query}`) });
    const [mode, file, ...certificates] = (await remote()).split("\n");
    expect(mode).toBe("PGSSLMODE=verify-full");
    expect(certificates.join("\n")).toBe(SUPABASE_ROOTS);
    expect(existsSync(file!.replace("PGSSLROOTCERT=", ""))).toBe(false);
    fake("pg_dump", "env | grep ^PGSSL | LC_ALL=C sort");
    expect(await remote("?sslrootcert=system")).toBe("PGSSLMODE=verify-full\nPGSSLROOTCERT=system\n");
  });

  it("keeps the caller's other secrets to itself", async () => {
    const own = process.env;
    const secrets = ["CASTCHAT_AGE_IDENTITY", "AWS_SECRET_ACCESS_KEY", "SUPABASE_ACCESS_TOKEN", "DATABASE_URL"];
    fake("pg_dump", "env");
    process.env = { ...own, ...Object.fromEntries(secrets.map((name) => [name, "hunter2"])) };
    const output = await dump();
    process.env = own;
    expect(output).toContain("PGPASSWORD=top-secret");
    expect(output).not.toContain("hunter2");
  });

  it("gives what the program complained of, without secrets", async () => {
    fake("pg_dump", 'echo "cannot reach postgresql://postgres:top-secret@127.0.0.1:9/x" >&2; exit 3');
    const complaint = "pg_dump failed (exit code 3): cannot reach postgresql://postgres:[secret]@127.0.0.1:9/x";
    await expect(dump()).rejects.toThrow(complaint);
  });

  it("keeps the beginning of a long complaint, where the reason is, and its end", async () => {
    const filling = "head -c 9000 /dev/zero | tr '\\0' x >&2";
    fake("pg_dump", `echo "ERROR: out of shared memory" >&2; ${filling}; echo "the end" >&2; exit 1`);
    await expect(dump()).rejects.toThrow(
      /^pg_dump failed \(exit code 1\): ERROR: out of shared memory\nx{1900,2000} … x{1900,2000}the end$/,
    );
  });

  it("ends the program when it is aborted", async () => {
    fake("pg_dump", "echo $$; exec sleep 60");
    const controller = new AbortController();
    const tool = startPgTool("pg_dump", { ...options, signal: controller.signal });
    const pid = Number((await tool.stdout[Symbol.asyncIterator]().next()).value);
    controller.abort(new Error("stopped by hand"));
    await expect(tool.done).rejects.toThrow("stopped by hand");
    expect(() => execFileSync("/bin/kill", ["-0", String(pid)], { stdio: "ignore" })).toThrow();
  });
});
