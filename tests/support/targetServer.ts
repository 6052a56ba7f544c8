import assert from "node:assert/strict";

import { type Session, withSession } from "../../recovery/postgres/session/database.ts";
import { startTestDatabase, type TestDatabase } from "./postgres.ts";

/** A database of its own on a test's server, like a new project's. */
export interface FreshDatabase {
  url: string;
  superuserUrl: string;
  remove(): Promise<void>;
}

/** A server that hands out new projects' databases, each in a fraction of the time that a server takes. */
export interface TargetServer extends TestDatabase {
  /** Another database beside the server's own. Both have the same roles, as roles belong to the server. */
  newDatabase(): Promise<FreshDatabase>;
  /** What the server's own database holds now is what `renew` brings back, and the roles of now stay. */
  keep(): Promise<void>;
  /**
   * Makes the server's own database a new project's again, or what was kept: sessions in it end, and roles that were made since go.
   * An error if a test has changed more of the server than that, such as a platform role's password: it needs a server of its own.
   */
  renew(): Promise<void>;
}

const BLANK = "blank";
const KEPT = "kept";

/** What a server holds outside of its databases' own catalogs. */
interface Outside {
  roles: { oid: string; rolname: string }[];
}
const OUTSIDE = `
  select jsonb_build_object(
    'roles', (select jsonb_agg(to_jsonb(a) order by rolname) from pg_authid a),
    'members', (select jsonb_agg(to_jsonb(m) - 'oid' order by roleid, member, grantor) from pg_auth_members m),
    'settings', (select jsonb_agg(jsonb_build_array(datname, setrole, setconfig) order by datname, setrole)
                 from pg_db_role_setting left join pg_database d on d.oid = setdatabase),
    'parameters', (select jsonb_agg(to_jsonb(p) - 'oid' order by parname) from pg_parameter_acl p),
    'database', (select jsonb_build_array(datdba, datallowconn, datconnlimit, datacl) from pg_database where datname = 'postgres'),
    'configuration', (select jsonb_object_agg(name, setting) from pg_settings where source = 'configuration file')
  )::text as outside`;

/** Starts a Supabase-like server and keeps its database as a template. Call stop() in afterAll. */
export async function startTargetServer(): Promise<TargetServer> {
  const server = await startTestDatabase();
  const inDatabase = (url: string, name: string) => url.replace(/\/postgres$/, `/${name}`);
  const beside = <T>(work: (session: Session) => Promise<T>) =>
    withSession(inDatabase(server.superuserUrl, "template1"), { applicationName: "test" }, work);
  const keepAs = (name: string) =>
    beside(async (session) => {
      await dropDatabase(session, name);
      await copyDatabase(session, "postgres", name);
      return { template: name, outside: await outsideOf(session) };
    });
  let kept = await keepAs(BLANK);
  let made = 0;
  return {
    ...server,
    async newDatabase() {
      const name = `target_${++made}`;
      await beside((session) => copyDatabase(session, BLANK, name));
      return {
        url: inDatabase(server.url, name),
        superuserUrl: inDatabase(server.superuserUrl, name),
        remove: () => beside((session) => dropDatabase(session, name)),
      };
    },
    async keep() {
      kept = await keepAs(KEPT);
    },
    async renew() {
      await beside(async (session) => {
        await dropDatabase(session, "postgres");
        await copyDatabase(session, kept.template, "postgres");
        await dropRolesBut(session, kept.outside);
        assert.deepEqual(await outsideOf(session), kept.outside, "a test has changed more of its server than it may");
      });
    },
  };
}

/** The copy has its original's owner and rights. A checkpoint, which the other strategy has, takes longer than the copying. */
async function copyDatabase(session: Session, from: string, to: string): Promise<void> {
  await session.query(`create database ${to} template ${from} owner postgres strategy wal_log`);
  await session.query(
    `update pg_database set datacl = (select datacl from pg_database where datname = '${from}') where datname = '${to}'`,
  );
}

async function dropDatabase(session: Session, name: string): Promise<void> {
  await session.query(`drop database if exists ${name} with (force)`);
}

async function dropRolesBut(session: Session, { roles }: Outside): Promise<void> {
  const known = roles.map(({ oid }) => oid).join(", ");
  const others = await session.query<{ name: string }>(
    `select quote_ident(rolname) as name from pg_roles where oid not in (${known})`,
  );
  for (const { name } of others) await session.query(`drop owned by ${name}; drop role ${name}`);
}

async function outsideOf(session: Session): Promise<Outside> {
  const [found] = await session.query<{ outside: string }>(OUTSIDE);
  return JSON.parse(found!.outside) as Outside;
}
