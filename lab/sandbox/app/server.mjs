// CastChat's server, as small as a recovery needs it: healthy only while its database is, logins through
// Supabase's auth, reads and writes under row level security.
import { createServer } from "node:http";
import { HEALTH_TIMEOUT, Refusal, as, pool, reasonOf, within } from "./database.mjs";

const { PORT, DATABASE_URL, SUPABASE_URL, SUPABASE_ANON_KEY } = process.env;
/** What the app reports about itself: the commit that castchat-recovery deployed, and Vercel's id of the deployment. */
const { CASTCHAT_COMMIT_SHA: COMMIT, VERCEL_DEPLOYMENT_ID: DEPLOYMENT } = process.env;
/** Longest wait for the login service, in milliseconds. */
const AUTH_TIMEOUT = 5_000;
/** Longest request body, in bytes. */
const BODY_LIMIT = 64 * 1024;

if (!/^\d+$/.test(PORT ?? "")) {
  process.stderr.write("Set PORT to the port that the app listens on.\n");
  process.exit(2);
}

const routes = {
  "/api/health": { GET: health },
  "/api/login": { POST: login },
  "/api/posts": { GET: listPosts, POST: writePost },
};

const server = createServer((request, response) => {
  answer(request).then(
    ({ status, body, headers }) => send(response, status, body, headers),
    (error) => {
      const known = error instanceof Refusal ? error : new Refusal(503, reasonOf(error));
      send(response, known.status, { error: known.message });
    },
  );
});

async function answer(request) {
  const url = new URL(request.url ?? "/", "http://app");
  const methods = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined;
  if (methods === undefined) throw new Refusal(404, "There is nothing at this address.");
  const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
  if (handler === undefined)
    return {
      status: 405,
      body: { error: "This address doesn't take that method." },
      headers: { allow: Object.keys(methods).join(", ") },
    };
  return handler(request, url);
}

function send(response, status, body, headers = {}) {
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store",
    ...(COMMIT === undefined ? {} : { "x-castchat-commit": COMMIT }),
    ...headers,
  });
  response.end(JSON.stringify(body));
}

async function health() {
  const started = performance.now();
  try {
    if (DATABASE_URL === undefined) throw new Refusal(503, "DATABASE_URL is not set.");
    const result = await within(
      HEALTH_TIMEOUT,
      pool.query(
        "select current_database() as name, current_setting('server_version') as version, to_regclass('public.posts') is not null as ready, " +
          "not exists (select from pg_tables where schemaname = 'public') as empty",
      ),
    );
    const { name, version, ready, empty } = result.rows[0];
    // A new installation is deployed before its first migration; a database with tables but without posts is broken.
    if (!ready && !empty) throw new Refusal(503, "The database has no table of posts.");
    return {
      status: 200,
      body: {
        status: "ok",
        database: { name, version, empty, latencyMs: Math.round(performance.now() - started) },
        commit: COMMIT,
        deployment: DEPLOYMENT,
      },
    };
  } catch (error) {
    return {
      status: 503,
      body: {
        status: "unavailable",
        reason: error instanceof Refusal ? error.message : reasonOf(error),
        commit: COMMIT,
        deployment: DEPLOYMENT,
      },
    };
  }
}

async function login(request) {
  const { email, password } = await jsonBody(request);
  if (typeof email !== "string" || typeof password !== "string")
    throw new Refusal(400, "Send email and password as text.");
  const response = await auth("token?grant_type=password", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password }),
  });
  if (response.status >= 500) throw new Refusal(502, "The login service has a problem; try again.");
  if (!response.ok) throw new Refusal(401, "Wrong email or password.");
  const { access_token: accessToken, user } = await response.json();
  return { status: 200, body: { accessToken, user: { id: user?.id, email: user?.email } } };
}

async function listPosts(request, url) {
  const limit = Number(url.searchParams.get("limit") ?? "20");
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw new Refusal(400, "limit is a whole number from 1 to 100.");
  const claims = request.headers.authorization === undefined ? { role: "anon" } : await claimsOf(request);
  const posts = await as(claims, async (client) => {
    const result = await client.query(
      `select id::text, title, body, author_id as "authorId", created_at as "createdAt" from public.posts order by created_at desc, id desc limit $1`,
      [limit],
    );
    return result.rows;
  });
  return { status: 200, body: { posts } };
}

async function writePost(request) {
  const claims = await claimsOf(request);
  const { title, body } = await jsonBody(request);
  if (typeof title !== "string" || typeof body !== "string" || title.trim() === "" || title.length > 300) {
    throw new Refusal(400, "Send title (1 to 300 characters) and body as text.");
  }
  const post = await as(claims, async (client) => {
    const result = await client.query(
      `insert into public.posts (author_id, title, body) values ($1, $2, $3) returning id::text, title, author_id as "authorId", created_at as "createdAt"`,
      [claims.sub, title, body],
    );
    return result.rows[0];
  });
  return { status: 201, body: post };
}

/** The user of a request, according to the auth service: a token without its confirmation is not trusted. */
async function claimsOf(request) {
  const token = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (token === undefined) throw new Refusal(401, "Log in first.");
  const response = await auth("user", { headers: { authorization: `Bearer ${token}` } });
  if (response.status >= 500) throw new Refusal(502, "The login service has a problem; try again.");
  if (!response.ok) throw new Refusal(401, "The login has ended; log in again.");
  const user = await response.json();
  if (typeof user.id !== "string") throw new Refusal(502, "The login service gave an answer without a user.");
  return { sub: user.id, email: user.email, role: "authenticated" };
}

async function auth(path, options) {
  if (!SUPABASE_URL || !SUPABASE_ANON_KEY) throw new Refusal(503, "SUPABASE_URL or SUPABASE_ANON_KEY is not set.");
  try {
    return await fetch(`${SUPABASE_URL.replace(/\/$/, "")}/auth/v1/${path}`, {
      ...options,
      headers: { ...options.headers, apikey: SUPABASE_ANON_KEY },
      signal: AbortSignal.timeout(AUTH_TIMEOUT),
    });
  } catch {
    throw new Refusal(502, "The login service can't be reached.");
  }
}

async function jsonBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new Refusal(413, "The request is too large.");
    chunks.push(chunk);
  }
  const body = parse(Buffer.concat(chunks).toString("utf8"));
  if (typeof body !== "object" || body === null) throw new Refusal(400, "The request is no JSON object.");
  return body;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

server.listen(Number(PORT), "127.0.0.1");
server.on("error", (error) => {
  process.stderr.write(`The app can't listen on port ${PORT} (${error.code}): choose another.\n`);
  process.exit(2);
});

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
    // With a time limit: a database that doesn't answer must not keep the process alive.
    setTimeout(() => process.exit(0), 300).unref();
    pool.end().then(
      () => process.exit(0),
      () => process.exit(0),
    );
  });
}
