import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";

/** A stretch of network between a runner and a server, which can break. */
export interface TcpProxy {
  port: number;
  /** Bytes that came from the server so far. */
  received(): number;
  /** Resets every connection (RST), and refuses new ones. */
  cut(): void;
  /** From now on no packet passes and nothing is closed; a new connection is made, and stays silent. */
  silence(): void;
  /** Everything passes again, on connections that are new. */
  mend(): void;
  stop(): Promise<void>;
}

type State = "open" | "cut" | "silent";

/** Opens a way to a port of this machine. */
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
    // A client's end isn't heard of through a silent network.
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
