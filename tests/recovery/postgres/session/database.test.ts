import { once } from "node:events";
import { createServer } from "node:net";

import { describe, expect, it } from "@jest/globals";

import { startPooler } from "../../../../lab/sandbox/pooler/pooler.ts";
import { connect, withSession } from "../../../../recovery/postgres/session/database.ts";
import { parseDatabaseUrl } from "../../../../recovery/postgres/session/databaseUrl.ts";
import { redact, UserError } from "../../../../services/common/errors.ts";
import { startTestDatabase } from "../../../support/postgres.ts";
import { expectRefusal } from "../../../support/refusal.ts";
import { forSuite } from "../../../support/suite.ts";
import { runSql } from "../../support/sample.ts";

const database = forSuite(startTestDatabase);

const options = { applicationName: "test" };

const asSuperuser = (sql: string) => database.asSuperuser(sql);
const urlOf = (role: string, port = database.port) => `postgresql://${role}@127.0.0.1:${port}/postgres`;
/** A server that refuses every connection. */
async function startRefusing(code: string, message: string) {
  let asked = 0;
  const server = createServer((socket) => {
    socket.once("data", () => {
      asked += 1;
      const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`);
      const head = Buffer.alloc(5);
      head.write("E");
      head.writeInt32BE(4 + fields.length, 1);
      socket.end(Buffer.concat([head, fields]));
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as { port: number };
  return { port, url: `postgresql://u:secret@127.0.0.1:${port}/d`, asked: () => asked, stop: () => server.close() };
}

describe("parseDatabaseUrl", () => {
  it("decodes what a password may hold", () => {
    expect(parseDatabaseUrl("postgresql://postgres:p%C3%A4ss%3A%40%2F@db.abc.supabase.co/postgres")).toEqual({
      host: "db.abc.supabase.co",
      port: 5432,
      user: "postgres",
      password: "päss:@/",
      database: "postgres",
      sslMode: "verify-full",
    });
  });

  it("uses plain text only for this machine, and never for a name that begins like it", () => {
    const modeOf = (host: string) => parseDatabaseUrl(`postgres://u:p@${host}:6000/x`).sslMode;
    for (const host of ["127.0.0.1", "127.1.2.3", "localhost", "[::1]"]) expect(modeOf(host)).toBe("disable");
    for (const host of ["127.0.0.1.example.org", "localhost.example.org", "10.0.0.1", "[::2]"])
      expect(modeOf(host)).toBe("verify-full");
  });

  const FORM = "Write it as postgresql://user:<password>@host:port/database.";
  it.each(["", "not an address", "mysql://u:secret@h/d", "postgresql:///d", "postgresql://:secret@h/d"])(
    "refuses %j without repeating it",
    (url) => {
      const parse = () => parseDatabaseUrl(url);
      expect(parse).toThrow(UserError);
      expect(parse).not.toThrow(/secret/);
      // As it is shown, without what may be a password.
      expect(parse).toThrow(FORM);
      expect(redact(FORM)).toBe(FORM);
    },
  );

  it("says what to do about a password with a bare percent sign, without repeating it", () => {
    const parse = () => parseDatabaseUrl("postgresql://postgres:se%cret@db.abc.supabase.co/postgres");
    expect(parse).toThrow(UserError);
    expect(parse).toThrow("Write it as %25");
    expect(parse).not.toThrow(/cret/);
  });

  it("takes no mode in which any server could ask for the password", () => {
    const parse = (mode: string) => parseDatabaseUrl(`postgresql://u:p@db.example/d?sslmode=${mode}`);
    expect(["disable", "require", "verify-ca", "verify-full"].map((mode) => parse(mode).sslMode)).toEqual([
      ...["disable", "verify-full", "verify-ca", "verify-full"],
    ]);
    for (const mode of ["allow", "prefer"]) {
      expect(() => parse(mode)).toThrow(UserError);
      expect(() => parse(mode)).toThrow(
        `The connection string of db.example cannot be used: sslmode=${mode} sends the password to any server that answers, in plain text if it likes. Leave sslmode out, so that the server's certificate is verified, or write verify-full, verify-ca or disable.`,
      );
    }
    expect(() => parse("\u001bx")).toThrow("its sslmode is not known");
  });

  it.each(["aws-0-ap-northeast-1.pooler.supabase.com", "db.abcdefghijklmnopqrst.supabase.co"])(
    "refuses the transaction pooler on %s, which can't hold a snapshot",
    (host) => {
      expect(() => parseDatabaseUrl(`postgresql://u:p@${host}:6543/postgres`)).toThrow("port 5432");
      expect(parseDatabaseUrl(`postgresql://u:p@${host}:5432/postgres`).port).toBe(5432);
    },
  );
});

describe("connect", () => {
  it("pins everything that changes how a value is written, and every timeout", async () => {
    await asSuperuser("alter role postgres set idle_session_timeout = '2s'");
    await withSession(database.url, options, async (session) => {
      expect(session.serverMajor).toBe(17);
      const expected = {
        statement_timeout: "1h",
        lock_timeout: "5s",
        transaction_timeout: "6h",
        row_security: "off",
        idle_in_transaction_session_timeout: "4h",
        idle_session_timeout: "0",
        search_path: '""',
        client_connection_check_interval: "1s",
        tcp_keepalives_idle: "30",
        tcp_keepalives_interval: "10",
        tcp_keepalives_count: "3",
        tcp_user_timeout: "60000",
      };
      const settings = await session.query<{ name: string; value: string }>(
        "select name, current_setting(name) as value from unnest($1::text[]) as name",
        [Object.keys(expected)],
      );
      expect(Object.fromEntries(settings.map(({ name, value }) => [name, value]))).toEqual(expected);
      const [row] = await session.query(
        `select 'epoch'::timestamptz::text as epoch, 0.1::float8::text as float, '\\x00ff'::bytea::text as bytes, '1 day 2:00'::interval::text as interval`,
      );
      expect(row).toEqual({
        epoch: "1970-01-01 00:00:00+00",
        float: "0.1",
        bytes: "\\x00ff",
        interval: "1 day 02:00:00",
      });
    });
  });

  it("calls only the catalog's functions, even if the role's search_path has others first", async () => {
    await asSuperuser(`create function public.lower(text) returns text language plpgsql as $$ begin raise exception 'called as %', current_user; end $$;
       alter role postgres set search_path = public, pg_catalog`);
    try {
      await database.query("select");
    } finally {
      await asSuperuser("drop function public.lower(text); alter role postgres reset search_path");
    }
  });

  it("has its own name, even if a pooler starts sessions under another", async () => {
    const pooler = await startPooler(database.port);
    try {
      await withSession(pooler.through(database.url), options, async (session) => {
        const [row] = await session.query(
          "select application_name as name from pg_stat_activity where pid = pg_backend_pid()",
        );
        expect(row).toEqual({ name: "test" });
      });
    } finally {
      await pooler.stop();
    }
  });

  it("says what is wrong in one sentence without the password", async () => {
    const server = `The database 127.0.0.1:${database.port}`;
    const refusals: [string, string][] = [
      [urlOf("postgres:wrong-secret"), `${server} refuses the password of "postgres". Correct the connection string.`],
      [
        urlOf("postgres:wrong-secret", 9),
        "The database 127.0.0.1:9 cannot be reached (ECONNREFUSED). Check the address, the network and that the server runs.",
      ],
      [database.url.replace(/\/[^/]*$/, "/nowhere"), 'has no database "nowhere"'],
      [urlOf("postgres"), `${server} asks for the password of "postgres", but the connection string has none. Add it.`],
    ];
    for (const [url, message] of refusals) await expectRefusal(connect(url, options), UserError, message);
  });

  it.each([
    ["The project is paused", "refuses the connection (XX000): The project is paused."],
    [
      "MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size",
      "has no free session: all of its pooler's sessions are taken",
    ],
  ])("gives the pooler's reason for a refusal, %s", async (said, reason) => {
    const pooler = await startRefusing("XX000", said);
    await expectRefusal(connect(pooler.url, options), UserError, `The database 127.0.0.1:${pooler.port} ${reason}`);
    expect(pooler.asked()).toBe(1);
    pooler.stop();
  });

  it("retries when a closed gate has not recognised it yet", async () => {
    const gate = await startRefusing("57P01", "terminating connection due to administrator command");
    await expect(connect(gate.url, options)).rejects.toThrow("terminating connection");
    expect(gate.asked()).toBe(5);
    gate.stop();
  });

  it("ends a statement when it is aborted", async () => {
    const controller = new AbortController();
    const session = await connect(database.url, { ...options, signal: controller.signal });
    const startedAt = Date.now();
    setTimeout(() => controller.abort(new Error("stopped by hand")), 100);
    await expect(session.query("select pg_sleep(20)")).rejects.toThrow("stopped by hand");
    await expect(session.query("select 1")).rejects.toThrow("stopped by hand");
    expect(Date.now() - startedAt).toBeLessThan(5_000);
    await session.end();
  });

  it("turns a filtered read into an error", async () => {
    await asSuperuser(`create role filtered login password 'x'; create table public.hidden (id int); insert into public.hidden values (1);
       alter table public.hidden enable row level security; grant usage on schema public to filtered; grant select on public.hidden to filtered`);
    await expect(runSql(urlOf("filtered:x"), "select * from public.hidden")).rejects.toThrow("row-level security");
  });
});
