// The app's database: one small pool, and transactions as the user of the request.
import pg from "pg";

const { DATABASE_URL } = process.env;
/** Longest wait for the database in a health request, in milliseconds. */
export const HEALTH_TIMEOUT = 2_000;

export const pool = new pg.Pool({
  ...(DATABASE_URL === undefined ? {} : { connectionString: DATABASE_URL }),
  max: 5,
  idleTimeoutMillis: 10_000,
  connectionTimeoutMillis: HEALTH_TIMEOUT,
  statement_timeout: 10_000,
  application_name: "castchat",
});
// The server may close an idle connection at any time; the next request opens another, or fails and reports that.
pool.on("error", () => undefined);

/** An answer other than success, with a sentence for the user. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Runs `work` in a transaction as the role of the claims, so that row level security decides. */
export async function as(claims, work) {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query(`set local role ${claims.role === "authenticated" ? "authenticated" : "anon"}`);
    await client.query("select set_config('request.jwt.claims', $1, true)", [JSON.stringify(claims)]);
    const result = await work(client);
    await client.query("commit");
    client.release();
    return result;
  } catch (error) {
    // The connection is discarded, so that neither role nor transaction can reach the next request.
    client.release(true);
    if (error.code === "42501") throw new Refusal(403, "That is not allowed.");
    throw error;
  }
}

export function within(milliseconds, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(Object.assign(new Error("late"), { code: "ETIMEDOUT" })), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** Why the database gave no answer. Only by code: the driver's messages may contain names and addresses. */
export function reasonOf(error) {
  const code = error?.code;
  if (code === "28P01" || code === "28000") return "The database refuses the app's password or role.";
  if (code === "3D000") return "The database doesn't exist.";
  if (code === "57P03" || code === "57P01") return "The database is starting or stopping.";
  if (code === "25006") return "The database is read-only.";
  if (code === "ETIMEDOUT" || /timeout/i.test(error?.message ?? "")) return "The database doesn't answer in time.";
  return code === undefined ? "The database can't be reached." : `The database can't be reached or refuses (${code}).`;
}
