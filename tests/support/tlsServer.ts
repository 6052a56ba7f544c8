import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import { promisify } from "node:util";

/** A certificate and its key, in PEM. */
export interface ServerCertificate {
  cert: string;
  key: string;
}

/** A certificate authority of a test. */
export interface TestAuthority {
  /** The file of its root certificate. */
  file: string;
  /** Signs a certificate for a name, such as `IP:127.0.0.1`. */
  certify(name: string): Promise<ServerCertificate>;
}

const openssl = (...args: string[]) => promisify(execFile)("openssl", args);
const EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Makes a certificate authority in a folder. */
export async function makeAuthority(folder: string): Promise<TestAuthority> {
  const [file, key] = [join(folder, "root.crt"), join(folder, "root.key")];
  const root = ["-x509", ...EC, "-subj", "/CN=Test Root", "-days", "2", "-keyout", key, "-out", file];
  await openssl("req", ...root);
  return {
    file,
    async certify(name) {
      const of = (ending: string) => join(folder, `${name.replace(/\W/g, "-")}.${ending}`);
      await writeFile(of("ext"), `subjectAltName=${name}\n`);
      await openssl("req", ...EC, "-subj", "/CN=server", "-keyout", of("key"), "-out", of("csr"));
      const signing = ["-CA", file, "-CAkey", key, "-CAcreateserial", "-days", "2", "-extfile", of("ext")];
      await openssl("x509", "-req", "-in", of("csr"), ...signing, "-out", of("crt"));
      return { cert: await readFile(of("crt"), "utf8"), key: await readFile(of("key"), "utf8") };
    },
  };
}

/** A server that takes TLS as PostgreSQL does. */
export interface TlsServer {
  port: number;
  /** What the clients said when they were asked for a password in clear text. */
  passwords: string[];
  stop(): Promise<void>;
}

const ASKS_FOR_PASSWORD = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);

/**
 * Starts a server in front of a database, which gets what the clients say after the handshake. Without a database it is a thief, which asks
 * every client for the password in clear text.
 */
export async function startTlsServer(certificate: ServerCertificate, databasePort?: number): Promise<TlsServer> {
  const passwords: string[] = [];
  const sockets = new Set<Socket>();
  const kept = <S extends Socket>(socket: S): S => {
    sockets.add(socket.on("error", () => undefined));
    return socket;
  };
  const server = createServer((plain) => {
    kept(plain).once("data", () => {
      plain.write("S");
      const client = kept(new TLSSocket(plain, { isServer: true, ...certificate }));
      if (databasePort === undefined) {
        client.once("data", () => {
          client.write(ASKS_FOR_PASSWORD);
          client.once("data", (answer: Buffer) => passwords.push(answer.toString("latin1", 5, answer.length - 1)));
        });
        return;
      }
      const database = kept(createConnection({ host: "127.0.0.1", port: databasePort }));
      client.pipe(database).pipe(client);
      client.on("close", () => database.destroy());
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    passwords,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
