import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";

/** A network between a runner and a server that can break. */
export interface TcpProxy {
  port: number;
  /** Number of bytes from the server so far. */
  received(): number;
  /** Resets every connection (RST), and refuses new ones. */
  cut(): void;
  /** From now on no packet passes and no connection is closed. A new connection is accepted, and stays silent. */
  silence(): void;
  /** New connections pass again; the old ones are reset. */
  mend(): void;
  stop(): Promise<void>;
}

type State = "open" | "cut" | "silent";

/** Starts a proxy in front of a port of this machine. */
export async function startTcpProxy(toPort: number): Promise<TcpProxy> {
  let state = "open" as State;
  let bytes = 0;
  const pairs = new Set<[Socket, Socket]>();
  const reset = () => {
    for (const sockets of pairs) for (const socket of sockets) socket.resetAndDestroy();
  };
  const server = createServer((client) => {
    client.on("error", () => undefined);
    if (state === "cut") {
      client.resetAndDestroy();
      return;
    }
    const upstream = createConnection({ host: "127.0.0.1", port: toPort });
    upstream.on("error", () => client.resetAndDestroy());
    client.on("error", () => upstream.destroy());
    const pair: [Socket, Socket] = [client, upstream];
    pairs.add(pair);
    upstream.once("close", () => pairs.delete(pair));
    // Through a silent network, the server doesn't learn that a client has ended.
    client.once("close", () => state !== "silent" && upstream.destroy());
    upstream.on("data", (data) => (bytes += data.length));
    if (state === "silent") return;
    client.pipe(upstream).pipe(client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    received: () => bytes,
    cut() {
      state = "cut";
      reset();
    },
    silence() {
      state = "silent";
      for (const [client, upstream] of pairs) {
        client.unpipe(upstream).pause();
        upstream.unpipe(client).pause();
      }
    },
    mend() {
      state = "open";
      reset();
    },
    async stop() {
      reset();
      server.close();
      await once(server, "close");
    },
  };
}
