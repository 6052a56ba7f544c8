import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";

/** A replacement for Supabase's pooler in session mode, in front of a test's server. */
export interface SessionPooler {
  /** The same connection string, through the pooler. */
  through(url: string): string;
  /** Sessions that are open now, and the most that were open at once. */
  readonly sessions: { readonly open: number; readonly most: number };
  stop(): Promise<void>;
}

/** Its limits. Source: supabase/supavisor, lib/supavisor/circuit_breaker.ex (`auth_error`) and errors/max_connections_error.ex. */
export interface PoolerLimits {
  /** Sessions of a user and database. @default 15, the pool size of the smaller sizes of compute */
  poolSize?: number;
  /** Milliseconds. */
  clock?: () => number;
}

const [MOST_REFUSALS, REFUSALS_WITHIN_MS, BLOCKED_FOR_MS] = [10, 150_000, 120_000];
const [ERROR, AUTHENTICATION] = [0x45, 0x52];

const SSL_REQUEST = 80877103;
const PROTOCOL = 196608;

/**
 * Starts a pooler. Of a client's startup parameters, Supavisor passes on the role, the database and `search_path`. It silently drops every
 * other setting in `options`, and sends its own name to the server instead of the client's. Settings after the connection reach the
 * client's own session. (supabase/supavisor: lib/supavisor/db_handler.ex, `send_startup`.)
 */
export async function startSessionPooler(
  serverPort: number,
  { poolSize = 15, clock = () => performance.now() }: PoolerLimits = {},
): Promise<SessionPooler> {
  const sockets = new Set<Socket>();
  const sessions = { open: 0, most: 0 };
  let refusals: number[] = [];
  let blockedUntil = -Infinity;
  const refused = () => {
    const now = clock();
    refusals = [...refusals.filter((at) => at > now - REFUSALS_WITHIN_MS), now];
    if (refusals.length >= MOST_REFUSALS) blockedUntil = now + BLOCKED_FOR_MS;
  };
  const kept = (socket: Socket) => {
    sockets.add(socket.on("error", () => undefined));
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    kept(client);
    let begin = Buffer.alloc(0);
    client.on("data", function startup(bytes: Buffer) {
      begin = Buffer.concat([begin, bytes]);
      if (begin.length < 8 || begin.length < begin.readInt32BE(0)) return;
      const length = begin.readInt32BE(0);
      if (begin.readInt32BE(4) === SSL_REQUEST) {
        begin = begin.subarray(length);
        client.write("N");
        return;
      }
      client.off("data", startup);
      const isSession = begin.readInt32BE(4) === PROTOCOL;
      if (isSession && clock() < blockedUntil)
        return void client.end(
          refusal("(ECIRCUITBREAKER) too many authentication failures, new connections are temporarily blocked"),
        );
      if (isSession && sessions.open >= poolSize)
        return void client.end(
          refusal(
            `(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: ${poolSize}`,
          ),
        );
      if (isSession) {
        sessions.most = Math.max(sessions.most, ++sessions.open);
        client.once("close", () => (sessions.open -= 1));
      }
      const upstream = createConnection({ host: "127.0.0.1", port: serverPort });
      kept(upstream);
      upstream.write(asPooler(begin.subarray(0, length)));
      upstream.write(begin.subarray(length));
      if (isSession) upstream.on("data", watchLogin(refused));
      client.pipe(upstream).pipe(client);
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.destroy());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    sessions,
    through: (url) => url.replace(`127.0.0.1:${serverPort}`, `127.0.0.1:${port}`),
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, "close");
    },
  };
}

/** Turns a client's startup message into the pooler's own. A cancel request has no parameters, and stays. */
function asPooler(message: Buffer): Buffer {
  const words = message.subarray(8).toString("utf8").split("\0").slice(0, -2);
  const wanted = new Map(words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? ""] as const] : [])));
  if (!wanted.has("user")) return message;
  const path = /(?:^| )(?:-c |--)search_path=(\S+)/.exec(wanted.get("options") ?? "")?.[1];
  const own = {
    user: wanted.get("user"),
    database: wanted.get("database"),
    application_name: "Supavisor",
    ...(path !== undefined && { options: `--search_path=${path}` }),
  };
  const text = Object.entries(own)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}\0${value}\0`]))
    .join("");
  const body = Buffer.from(`${text}\0`, "utf8");
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + body.length, 0);
  message.copy(head, 4, 4, 8);
  return Buffer.concat([head, body]);
}

/** Looks through a server's first messages for a refused login (SQLSTATE class 28). */
function watchLogin(refused: () => void): (bytes: Buffer) => void {
  let seen = Buffer.alloc(0);
  let isOver = false;
  return (bytes) => {
    if (isOver) return;
    seen = Buffer.concat([seen, bytes]);
    for (let at = 0; at + 5 <= seen.length;) {
      const [kind, end] = [seen[at], at + 1 + seen.readInt32BE(at + 1)];
      if (end > seen.length) return;
      if (kind === ERROR && seen.toString("latin1", at, end).includes("\0C28")) refused();
      isOver = kind !== AUTHENTICATION;
      at = end;
    }
  };
}

/** An error that ends a connection before it begins. */
function refusal(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0CXX000\0M${message}\0\0`, "utf8");
  const head = Buffer.alloc(5);
  head[0] = ERROR;
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
