import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { type AddressInfo, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";

/** Where a host is led to. */
export interface LedHost {
  /** The address of the server that answers in its place. */
  to: string;
  cert: string;
  key: string;
}

/** A proxy that lets nothing out of this machine. */
export interface GuardingProxy {
  /** For HTTPS_PROXY. */
  address: string;
  /** What it refused, as `host:port`, each once. */
  refused: ReadonlySet<string>;
  /** The hosts that were asked in place of the real ones, each once. */
  led: ReadonlySet<string>;
  stop(): Promise<void>;
}

/**
 * Starts a proxy for HTTPS, by CONNECT. It ends TLS for the hosts that it leads to a server on this machine, with certificates that only a client
 * of the right root accepts, and refuses every other host. Plain requests are refused as well.
 */
export async function startGuardingProxy(hosts: Readonly<Record<string, LedHost>>): Promise<GuardingProxy> {
  const refused = new Set<string>();
  const led = new Set<string>();
  const sockets = new Set<Socket>();
  const server = createServer((asked, answer) => {
    refused.add(new URL(asked.url ?? "", "http://unknown").host);
    answer.writeHead(403).end();
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
  });
  server.on("connect", (asked: IncomingMessage, socket: Socket) => {
    const target = asked.url ?? "";
    const host = hosts[target.replace(/:443$/, "")];
    if (host === undefined) {
      refused.add(target);
      socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
      return;
    }
    led.add(target);
    socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    const { cert, key, to } = host;
    const plain = new TLSSocket(socket, { isServer: true, secureContext: createSecureContext({ cert, key }) });
    plain.on("error", () => socket.destroy());
    const inner = createServer((request, response) => {
      forward(to, request, response);
    });
    inner.emit("connection", plain);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refused,
    led,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function forward(to: string, asked: IncomingMessage, answer: ServerResponse): void {
  const { method, headers } = asked;
  const passed = request(new URL(asked.url ?? "/", to), { method, headers }, (response) => {
    answer.writeHead(response.statusCode ?? 502, response.headers);
    response.pipe(answer);
  });
  passed.once("error", () => answer.destroy());
  asked.pipe(passed);
}
