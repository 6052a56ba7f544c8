import { messageOf } from "../../../services/common/errors.ts";
import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent } from "../../postgres/session/quote.ts";
import { asCaller, isOwnRule } from "./asRole.ts";
import { type CheckLine, checks, type Finding, fine, notHere } from "./checklist.ts";
import { findFlowTable, type FlowTable, insertableBy, keyOfDouble, readableBy } from "./flowTables.ts";

const ITEM = "Critical user flows working";

/** Rows whose owners are tried, newest first. A policy may accept only rows in some states. */
const CANDIDATES = 20;

/**
 * Does in the restored database what users do, as the API does it: as `authenticated`, with the claims of a real account, under row level
 * security. Rolls it back. Finds the columns of posts and applications in the catalog, and copies values of existing rows, so that it needs
 * no knowledge of the app.
 */
export async function checkFlows(session: Session, signal: AbortSignal): Promise<CheckLine[]> {
  const posts = await findFlowTable(session, "posts");
  const applications = await findFlowTable(session, "applications");
  return await checks(ITEM, signal, {
    "read posts": () => readPosts(session, posts),
    "write a post": () => copyOwnRow(session, posts),
    "apply to a post": () => applyToPost(session, posts, applications),
    "the app itself": () =>
      notHere("no app is deployed on a throwaway; `castchat-recovery drill` visits the recovered one"),
  });
}

async function readPosts(session: Session, posts: FlowTable | string): Promise<Finding> {
  if (typeof posts === "string") return notHere(posts);
  if (!(await readableBy(session, posts))) return notHere(`authenticated may not read ${posts.label} itself`);
  const [author] = await candidates(session, posts);
  if (author === undefined) return notHere(`${posts.label} holds no row with an owner`);
  const query = `select count(*)::int as rows, (count(*) filter (where ${quoteIdent(posts.owner)}::text = $1))::int as own from ${posts.sql}`;
  let found: { rows: number; own: number }[];
  try {
    found = await asCaller(session, { role: "authenticated", sub: author.owner }, () =>
      session.query(query, [author.owner]),
    );
  } catch (error) {
    if (!isOwnRule(error)) throw error;
    return notHere(ownRule(posts, error));
  }
  const { rows, own } = found[0] ?? { rows: 0, own: 0 };
  if (rows === 0) return { state: "not ok", detail: `an account that has posts sees none of them in ${posts.label}` };
  return fine(`as authenticated, with an account's claims: ${rows} posts are seen, ${own} of them its own`);
}

/** Inserts a copy of a row of the account: the columns that the role may write, the others by their defaults. */
async function copyOwnRow(session: Session, table: FlowTable | string): Promise<Finding> {
  if (typeof table === "string") return notHere(table);
  const columns = table.writable.map(quoteIdent).join(", ");
  return await writeAsOwner(session, table, [table.owner], {
    done: `a post of its own was written into ${table.label}`,
    verb: "write a post",
    copy: "a copy of a post",
    none: `${table.label} holds no row with an owner`,
    async write({ row }) {
      await session.query(
        `insert into ${table.sql} (${columns}) select ${columns} from jsonb_populate_record(null::${table.sql}, $1::jsonb)`,
        [row],
      );
      return true;
    },
  });
}

/** Applies, as an account that has applied before, to a post that it can read and has not applied to. */
async function applyToPost(
  session: Session,
  posts: FlowTable | string,
  applications: FlowTable | string,
): Promise<Finding> {
  if (typeof posts === "string") return notHere(posts);
  if (typeof applications === "string") return notHere(applications);
  const link = applications.links.find((one) => one.to === posts.oid);
  if (link === undefined) return notHere(`${applications.label} has no column that refers to ${posts.label}`);
  const columns = applications.writable.map(quoteIdent).join(", ");
  return await writeAsOwner(session, applications, [applications.owner, link.column], {
    done: `an application to another account's post was written into ${applications.label}`,
    verb: "apply",
    copy: "a copy of an application",
    none: "no account that has applied before can read a post that it has not applied to",
    async write({ owner, row }) {
      const [free] = await session.query<{ id: unknown }>(
        `select p.${quoteIdent(link.key)} as id from ${posts.sql} p where p.${quoteIdent(posts.owner)}::text <> $1
           and not exists (select from ${applications.sql} a where a.${quoteIdent(link.column)} = p.${quoteIdent(link.key)} and a.${quoteIdent(applications.owner)}::text = $1)
           limit 1`,
        [owner],
      );
      if (free === undefined) return false;
      await session.query(
        `insert into ${applications.sql} (${columns}) select ${columns}
           from jsonb_populate_record(null::${applications.sql}, $1::jsonb || jsonb_build_object($2::text, $3::text))`,
        [row, link.column, String(free.id)],
      );
      return true;
    },
  });
}

/** What is written into a table, and how the finding words it. */
interface Writing {
  /** Writes as the account whose row it is. False if there is nothing that it could write. */
  write: (candidate: Candidate) => Promise<boolean>;
  done: string;
  verb: string;
  copy: string;
  none: string;
}

/** Writes as the owners of some rows until one of them succeeds. Rolls everything back. */
async function writeAsOwner(
  session: Session,
  table: FlowTable,
  needed: readonly string[],
  { write, done, verb, copy, none }: Writing,
): Promise<Finding> {
  if (!needed.every((column) => table.writable.includes(column)))
    return notHere(`authenticated may not write into ${table.label} itself`);
  if (!(await insertableBy(session, table))) return notHere(`no policy of ${table.label} lets authenticated write`);
  const failures: unknown[] = [];
  let double: string | undefined;
  for (const candidate of await candidates(session, table)) {
    try {
      const caller = { role: "authenticated", sub: candidate.owner, method: "POST" } as const;
      if (await asCaller(session, caller, () => write(candidate)))
        return fine(`as authenticated, with an account's claims: ${done} and rolled back`);
    } catch (error) {
      failures.push(error);
      double ??= await keyOfDouble(session, table, error);
    }
  }
  if (double !== undefined) return notHere(`${copy} would violate the unique key ${double}`);
  if (failures.length === 0) return notHere(none);
  if (failures.every(isOwnRule)) return notHere(ownRule(table, failures[0]));
  return { state: "not ok", detail: `none of ${failures.length} accounts can ${verb}: ${messageOf(failures[0])}` };
}

/** What a flow needs beside an account's claims is known only to the app. */
function ownRule({ label }: FlowTable, error: unknown): string {
  return `a rule of ${label} raises an error for a caller that sends only an account's claims (${messageOf(error)})`;
}

interface Candidate {
  /** The account, as the claims name it. */
  owner: string;
  /** The row as JSON, by column. */
  row: string;
}

async function candidates(session: Session, table: FlowTable): Promise<Candidate[]> {
  return await session.query<Candidate>(
    `select t.${quoteIdent(table.owner)}::text as owner, to_jsonb(t)::text as row from ${table.sql} t
       where t.${quoteIdent(table.owner)} is not null order by t.ctid desc limit ${CANDIDATES}`,
  );
}
