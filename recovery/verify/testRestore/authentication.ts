import type { Session } from "../../postgres/session/database.ts";
import { quoteIdent, quoteLiteral } from "../../postgres/session/quote.ts";
import type { Manifest } from "../../vault/manifest.ts";
import { type CheckLine, checks, type Finding, fine, notHere, unless } from "./checklist.ts";

const ITEM = "Authentication functional";

/** Hashes that Supabase's Auth service accepts: bcrypt, and argon2 and Firebase's scrypt of imported accounts. */
const HASH = "^([$]2[abxy]?[$][0-9]{2}[$][./A-Za-z0-9]{53}|[$]argon2(i|d|id)[$].+|[$]fbscrypt[$].+)$";
/** Passwords that are tried. bcrypt is slow on purpose. */
const TRIED = 3;
const WRONG = "castchat-recovery verify: a wrong password";

/** Checks that the Auth service can use the restored accounts, passwords and identities. */
export async function checkAuthentication(
  session: Session,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<CheckLine[]> {
  const users = manifest.tables.find(({ schema, name }) => schema === "auth" && name === "users");
  const ofAccounts = (work: () => Finding | Promise<Finding>) => () =>
    users !== undefined && users.rows > 0 ? work() : notHere("the backup holds no account in auth.users");
  const pgcrypto = manifest.extensions.find(({ name }) => name === "pgcrypto");
  return await checks(ITEM, signal, {
    "stored passwords": ofAccounts(() => checkHashes(session)),
    "a wrong password": ofAccounts(() =>
      pgcrypto === undefined
        ? notHere("the backup's database has no pgcrypto to compute a hash with")
        : tryWrongPassword(session, pgcrypto.schema),
    ),
    "accounts and identities": ofAccounts(() => joinIdentities(session, manifest)),
    "a login at the Auth service": () =>
      notHere("a throwaway Postgres has no Auth service; `castchat-recovery drill` logs in with an old password"),
  });
}

async function checkHashes(session: Session): Promise<Finding> {
  const [row] = await session.query<{ hashes: number; broken: number }>(
    `select count(*)::int as hashes, (count(*) filter (where encrypted_password !~ $1))::int as broken
       from auth.users where coalesce(encrypted_password, '') <> ''`,
    [HASH],
  );
  const { hashes, broken } = row ?? { hashes: 0, broken: 0 };
  if (hashes === 0) return notHere("no account has a password");
  return unless(
    broken === 0 ? [] : [`${broken} of ${hashes} stored passwords are not hashes that the Auth service accepts`],
    `${hashes} stored passwords are well-formed hashes`,
  );
}

/** Computes a hash with the salt and cost of a stored one, as a login does. It must be usable, and must not match. */
async function tryWrongPassword(session: Session, schema: string): Promise<Finding> {
  const rows = await session.query<{ usable: boolean; fits: boolean }>(
    `select length(h) = 60 as usable, h = encrypted_password as fits
       from (select encrypted_password from auth.users where encrypted_password ~ '^[$]2[abxy]?[$]' order by id limit ${TRIED}) u,
         lateral (select ${quoteIdent(schema)}.crypt(${quoteLiteral(WRONG)}, encrypted_password) as h) computed`,
  );
  if (rows.length === 0) return notHere("no account has a bcrypt password");
  return unless(
    [
      ...(rows.some((row) => !row.usable) ? ["bcrypt can't use a stored hash"] : []),
      ...(rows.some((row) => row.fits) ? ["a wrong password is accepted"] : []),
    ],
    `bcrypt computed with ${rows.length} stored hashes refuses a wrong password`,
  );
}

async function joinIdentities(session: Session, manifest: Manifest): Promise<Finding> {
  if (!manifest.tables.some(({ schema, name }) => schema === "auth" && name === "identities"))
    return notHere("the backup holds no table auth.identities");
  const [row] = await session.query<{ accounts: number; identities: number; strays: number; joined: number }>(
    `select (select count(*)::int from auth.users) as accounts, (select count(*)::int from auth.identities) as identities,
       (select count(*)::int from auth.identities i where not exists (select from auth.users u where u.id::text = i.user_id::text)) as strays,
       (select count(distinct u.id)::int from auth.users u join auth.identities i on i.user_id::text = u.id::text) as joined`,
  );
  if (row === undefined) throw new Error("the server returned no row about auth.identities");
  if (row.strays > 0) return { state: "not ok", detail: `${row.strays} identities belong to no account` };
  if (row.identities > 0 && row.joined === 0) return { state: "not ok", detail: "no account has an identity" };
  return fine(
    `${row.joined} of ${row.accounts} accounts have ${row.identities} identities; every identity has its account`,
  );
}
