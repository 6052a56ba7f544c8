import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from "node:net";

import { LOOPBACK } from "../../../services/common/ports.ts";
import { listen } from "../host/servers.ts";
import { type PoolerLimits, SMALLEST_POOL } from "./limits.ts";
import { loginBlock } from "./loginBlock.ts";
import { asPooler, messageReader, type Opening, openingIn, refusal, refusesLogin } from "./messages.ts";
import { TransactionPools } from "./transactionPools.ts";

/** A replacement for Supabase's pooler, Supavisor, in front of one project's server. */
export interface Pooler {
  readonly ports: Readonly<Record<PoolMode, number>>;
  /** The same connection string, through the pooler. */
  through(url: string, mode?: PoolMode): string;
  /** Sessions that clients have now, and the most that they had at once. */
  readonly sessions: { readonly open: number; readonly most: number };
  stop(): Promise<void>;
}

/** Supabase's pooler serves sessions on port 5432 and transactions on port 6543 of one host. */
export type PoolMode = "session" | "transaction";

/** Which limits hold, and where the pooler listens. */
export interface PoolerOptions {
  /** Asked at each connection. @default - those of the smallest size of compute */
  limits?: (() => Partial<PoolerLimits>) | undefined;
  /** Milliseconds. @default - the real time */
  clock?: () => number;
  /** @default - free ones */
  ports?: Readonly<Record<PoolMode, number>>;
}

/**
 * Starts a pooler. After the login a session's bytes pass as they are, so that a bulk copy costs little. Source of its limits and their words:
 * https://github.com/supabase/supavisor, lib/supavisor/manager.ex (`check_client_limit`) and errors/max_connections_error.ex.
 */
export async function startPooler(serverPort: number, options: PoolerOptions = {}): Promise<Pooler> {
  const { clock = () => performance.now(), ports } = options;
  const limits = (): PoolerLimits => ({ ...SMALLEST_POOL, ...options.limits?.() });
  const sockets = new Set<Socket>();
  const sessions = { open: 0, most: 0 };
  const kept = (socket: Socket): Socket => {
    sockets.add(socket.on("error", () => undefined));
    socket.on("close", () => sockets.delete(socket));
    return socket.setNoDelay();
  };
  const toServer = () => kept(createConnection({ host: LOOPBACK, port: serverPort }));
  const block = loginBlock(clock);
  const pools = new TransactionPools({ toServer, limits, refused: block.refused });
  const counts = new Map<string, number>();

  const openSession = (client: Socket, opening: Extract<Opening, { kind: "session" }>, rest: Buffer): void => {
    const pool = poolOf(opening.parameters);
    const { poolSize } = limits();
    const open = counts.get(pool) ?? 0;
    if (open >= poolSize)
      return void client.end(
        refusal(
          `(EMAXCONNSESSION) max clients reached in session mode - max clients are limited to pool_size: ${poolSize}`,
        ),
      );
    counts.set(pool, open + 1);
    sessions.most = Math.max(sessions.most, ++sessions.open);
    client.once("close", () => {
      counts.set(pool, (counts.get(pool) ?? 1) - 1);
      sessions.open -= 1;
    });
    const server = toServer();
    server.write(Buffer.concat([asPooler(opening), rest]));
    const read = messageReader();
    // Only the answers to the login are looked at.
    server.on("data", function login(bytes: Buffer) {
      const ends = read(bytes).find(({ type }) => type !== "R");
      if (ends === undefined) return;
      server.off("data", login);
      if (refusesLogin(ends)) block.refused();
    });
    joined(client, server);
  };

  const serve = (mode: PoolMode) =>
    createServer((client) => {
      kept(client);
      let begin: Buffer = Buffer.alloc(0);
      client.on("data", function startup(bytes: Buffer) {
        begin = Buffer.concat([begin, bytes]);
        for (let opening = openingIn(begin); opening !== undefined; opening = openingIn(begin)) {
          begin = begin.subarray(opening.message.length);
          if (opening.kind === "encryption") {
            client.write("N");
            continue;
          }
          client.off("data", startup);
          if (opening.kind === "cancel") {
            const server = toServer();
            server.write(mode === "session" ? opening.message : pools.cancelFor(opening));
            joined(client, server);
            return;
          }
          const blocked = block.reason();
          if (blocked !== undefined) return void client.end(refusal(blocked));
          if (mode === "session") {
            openSession(client, opening, begin);
            return;
          }
          pools.add(client, opening, poolOf(opening.parameters));
          return;
        }
      });
    });
  const servers = { session: serve("session"), transaction: serve("transaction") };
  const listening = {
    session: await portOf(servers.session, ports?.session),
    transaction: await portOf(servers.transaction, ports?.transaction),
  };
  return {
    ports: listening,
    sessions,
    through: (url, mode = "session") => url.replace(`${LOOPBACK}:${serverPort}`, `${LOOPBACK}:${listening[mode]}`),
    async stop() {
      const ended = Object.values(servers).map((server) => once(server, "close"));
      for (const server of Object.values(servers)) server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(ended);
    },
  };
}

/** Clients of one role and database share a pool. */
function poolOf(parameters: ReadonlyMap<string, string>): string {
  const user = parameters.get("user") ?? "";
  return JSON.stringify([user, parameters.get("database") ?? user]);
}

function joined(client: Socket, server: Socket): void {
  client.pipe(server).pipe(client);
  client.on("close", () => server.destroy());
  server.on("close", () => client.destroy());
}

async function portOf(server: Server, port = 0): Promise<number> {
  await listen(server, port, "pooler");
  return (server.address() as AddressInfo).port;
}
