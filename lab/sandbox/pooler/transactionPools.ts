import type { Socket } from "node:net";

import type { PoolerLimits } from "./limits.ts";
import {
  asPooler,
  cancelOf,
  type Message,
  messageOf,
  messageReader,
  type Opening,
  refusal,
  refusesLogin,
} from "./messages.ts";

/** A server's session that clients share. */
interface Backend {
  socket: Socket;
  /** By which its statement can be cancelled. */
  key: string;
  pool: Pool;
  /** The client that its messages are for; none while it waits or is cleaned. */
  client?: Client | undefined;
  /** Answers to its cleaning that are still to come. */
  cleaning: number;
}

/** A client, and the session that it has for a transaction. */
interface Client {
  socket: Socket;
  pool: Pool;
  backend?: Backend | undefined;
  /** What has come while it had no session. */
  waiting: Buffer[];
  /** Answers of "ready" that are still to come. */
  expected: number;
  /** Messages since the last one that asks for an answer. */
  isOpen: boolean;
}

interface Pool {
  clients: Set<Client>;
  backends: Set<Backend>;
  free: Backend[];
  queue: Client[];
}

/** The messages that the server answers with "ready": a query, the end of a pipeline, a function call. */
const ASKS = "QSF";
/** Those of an extended query, up to its end. */
const EXTENDED = "PBDECH";
/** Undoes what a session holds: settings, prepared statements, locks, channels, temporary tables. */
const CLEAN = messageOf("Q", "DISCARD ALL\0");
const ROLL_BACK = messageOf("Q", "ROLLBACK\0");
const END = messageOf("X", "");

/**
 * The pools of transaction mode: a client has a session for each of its transactions, and what it has set there is gone afterwards. At Supabase
 * it lasts until the session serves another client, which may be at once; an app must not rely on it. So `SET`, advisory locks, `LISTEN`,
 * temporary tables and named prepared statements last for a transaction (https://supabase.com/docs/guides/database/connecting-to-postgres).
 *
 * A login goes to the server, by a session of its own, which then joins the pool if that has room: the pooler knows no password.
 */
export class TransactionPools {
  readonly #pools = new Map<string, Pool>();
  readonly #clients = new Map<string, Client>();
  readonly #toServer: () => Socket;
  readonly #limits: () => PoolerLimits;
  readonly #refused: () => void;

  constructor(options: { toServer: () => Socket; limits: () => PoolerLimits; refused: () => void }) {
    this.#toServer = options.toServer;
    this.#limits = options.limits;
    this.#refused = options.refused;
  }

  /** The request that cancels what a client runs now. */
  cancelFor({ message, key }: Extract<Opening, { kind: "cancel" }>): Buffer {
    const backend = this.#clients.get(key)?.backend;
    return backend === undefined ? message : cancelOf(backend.key);
  }

  /** Logs a client in, and then gives it sessions. */
  add(socket: Socket, opening: Extract<Opening, { kind: "session" }>, name: string): void {
    const pool = this.#pools.get(name) ?? { clients: new Set(), backends: new Set(), free: [], queue: [] };
    this.#pools.set(name, pool);
    const { maxClients } = this.#limits();
    if (pool.clients.size >= maxClients)
      return void socket.end(refusal(`(EMAXCONN) max client connections reached, limit: ${maxClients}`));
    const client: Client = { socket, pool, waiting: [], expected: 0, isOpen: false };
    pool.clients.add(client);
    const server = this.#toServer();
    const backend: Backend = { socket: server, key: "", pool, client, cleaning: 0 };
    client.backend = backend;
    client.expected = 1;
    pool.backends.add(backend);
    server.write(asPooler(opening));
    const fromServer = messageReader();
    let isIn = false;
    server.on("data", (bytes: Buffer) => {
      for (const message of fromServer(bytes)) {
        if (!isIn && refusesLogin(message)) this.#refused();
        if (message.type === "K") {
          backend.key = message.body.toString("hex");
          this.#clients.set(backend.key, client);
          socket.once("close", () => this.#clients.delete(backend.key));
        }
        if (message.type === "Z") isIn = true;
        this.#answered(backend, message);
      }
    });
    server.on("close", () => this.#lost(backend));
    const fromClient = messageReader();
    socket.on("data", (bytes: Buffer) => {
      if (!isIn) return void server.write(bytes);
      for (const message of fromClient(bytes)) this.#asked(client, message);
    });
    socket.on("close", () => this.#left(client));
  }

  #asked(client: Client, { type, bytes }: Message): void {
    if (type === "X") return void client.socket.end();
    if (ASKS.includes(type)) client.expected += 1;
    client.isOpen = EXTENDED.includes(type) || (client.isOpen && !ASKS.includes(type));
    if (client.backend !== undefined) return void client.backend.socket.write(bytes);
    client.waiting.push(bytes);
    if (client.waiting.length > 1) return;
    client.pool.queue.push(client);
    this.#next(client.pool);
  }

  #answered(backend: Backend, { type, body, bytes }: Message): void {
    const { client } = backend;
    if (client === undefined) {
      if (type === "Z" && --backend.cleaning === 0) this.#freed(backend);
      return;
    }
    client.socket.write(bytes);
    if (type !== "Z") return;
    client.expected -= 1;
    const isDone = body.toString("latin1") === "I" && client.expected === 0 && !client.isOpen;
    if (isDone) this.#release(client, backend);
  }

  #release(client: Client, backend: Backend, isInTransaction = false): void {
    client.backend = undefined;
    backend.client = undefined;
    if (backend.pool.backends.size > this.#limits().poolSize) return void backend.socket.end(END);
    backend.cleaning = isInTransaction ? 2 : 1;
    backend.socket.write(isInTransaction ? Buffer.concat([ROLL_BACK, CLEAN]) : CLEAN);
  }

  #freed(backend: Backend): void {
    const { pool, socket } = backend;
    if (pool.clients.size === 0) return void socket.end(END);
    pool.free.push(backend);
    this.#next(pool);
  }

  /** Gives free sessions to those who wait, the one that has waited longest first. */
  #next(pool: Pool): void {
    while (pool.free.length > 0 && pool.queue.length > 0) {
      const [client, backend] = [pool.queue.shift(), pool.free.shift()];
      if (client === undefined || backend === undefined) return;
      [client.backend, backend.client] = [backend, client];
      backend.socket.write(Buffer.concat(client.waiting.splice(0)));
    }
  }

  #left(client: Client): void {
    const { pool, backend } = client;
    pool.clients.delete(client);
    pool.queue = pool.queue.filter((one) => one !== client);
    if (backend !== undefined) {
      const isIdle = backend.key !== "" && client.expected === 0 && !client.isOpen;
      if (isIdle) this.#release(client, backend, true);
      else backend.socket.destroy();
    }
    if (pool.clients.size === 0) for (const one of pool.free.splice(0)) one.socket.end(END);
  }

  #lost(backend: Backend): void {
    const { pool, client } = backend;
    pool.backends.delete(backend);
    pool.free = pool.free.filter((one) => one !== backend);
    client?.socket.end();
    // Without a session no client would be answered; each connects again.
    if (pool.backends.size === 0) for (const { socket } of pool.clients) socket.end();
  }
}
