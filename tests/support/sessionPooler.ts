import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";

/** A replacement for Supabase's pooler in session mode, in front of a test's server. */
export interface SessionPooler {
  /** The same connection string, through the pooler. */
  through(url: string): string;
  stop(): Promise<void>;
}

const SSL_REQUEST = 80877103;

/**
 * Starts a pooler. Of a client's startup parameters, Supavisor passes on the role, the database and `search_path`. It silently drops every
 * other setting in `options`, and sends its own name to the server instead of the client's. Settings after the connection reach the
 * client's own session. (supabase/supavisor: lib/supavisor/db_handler.ex, `send_startup`.)
 */
export async function startSessionPooler(serverPort: number): Promise<SessionPooler> {
  const sockets = new Set<Socket>();
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
      const upstream = createConnection({ host: "127.0.0.1", port: serverPort });
      kept(upstream);
      upstream.write(asPooler(begin.subarray(0, length)));
      upstream.write(begin.subarray(length));
      client.pipe(upstream).pipe(client);
      client.on("close", () => upstream.destroy());
      upstream.on("close", () => client.destroy());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
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
