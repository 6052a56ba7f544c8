/** Codes in place of a protocol's version (https://www.postgresql.org/docs/current/protocol-message-formats.html). */
const [SSL_REQUEST, GSS_REQUEST, CANCEL_REQUEST] = [80877103, 80877104, 80877102];
/** Bytes before a message's body: its type and its length. */
const HEADER = 5;

/** What a client begins with. */
export type Opening =
  | { kind: "encryption"; message: Buffer }
  | { kind: "cancel"; message: Buffer; key: string }
  | { kind: "session"; message: Buffer; parameters: ReadonlyMap<string, string> };

/** The first opening in the bytes that have come; undefined while it is not complete. */
export function openingIn(bytes: Buffer): Opening | undefined {
  if (bytes.length < 8 || bytes.length < bytes.readInt32BE(0)) return undefined;
  const message = bytes.subarray(0, bytes.readInt32BE(0));
  const code = message.readInt32BE(4);
  if (code === SSL_REQUEST || code === GSS_REQUEST) return { kind: "encryption", message };
  if (code === CANCEL_REQUEST) return { kind: "cancel", message, key: message.toString("hex", 8) };
  const words = message.subarray(8).toString("utf8").split("\0").slice(0, -2);
  const pairs = words.flatMap((word, at) => (at % 2 === 0 ? [[word, words[at + 1] ?? ""] as const] : []));
  return { kind: "session", message, parameters: new Map(pairs) };
}

/**
 * The startup message with which Supavisor opens a session for a client: the role, the database and `search_path` are the client's. It silently
 * drops every other setting in `options`, and sends its own name instead of the client's. Settings after the connection reach the client's own
 * session. A client's role ends with the project's ref. (supabase/supavisor: lib/supavisor/db_handler.ex, `send_startup`.)
 */
export function asPooler({ message, parameters }: Extract<Opening, { kind: "session" }>): Buffer {
  const path = /(?:^| )(?:-c |--)search_path=(\S+)/.exec(parameters.get("options") ?? "")?.[1];
  const own = {
    user: parameters.get("user")?.replace(/\.[a-z]{20}$/, ""),
    database: parameters.get("database"),
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

/** A request to cancel what the session with this key runs. */
export function cancelOf(key: string): Buffer {
  const head = Buffer.alloc(8);
  head.writeInt32BE(8 + key.length / 2, 0);
  head.writeInt32BE(CANCEL_REQUEST, 4);
  return Buffer.concat([head, Buffer.from(key, "hex")]);
}

/** A message after the opening. */
export interface Message {
  /** One letter. */
  type: string;
  body: Buffer;
  bytes: Buffer;
}

/** Takes bytes as they come, and gives the messages that are complete. */
export function messageReader(): (bytes: Buffer) => Message[] {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
    const found: Message[] = [];
    let at = 0;
    while (at + HEADER <= rest.length) {
      const end = at + 1 + rest.readInt32BE(at + 1);
      if (end > rest.length) break;
      const whole = rest.subarray(at, end);
      found.push({ type: String.fromCharCode(whole[0] ?? 0), body: whole.subarray(HEADER), bytes: whole });
      at = end;
    }
    rest = rest.subarray(at);
    return found;
  };
}

/** A message with a text. */
export function messageOf(type: string, body: string): Buffer {
  const text = Buffer.from(body, "utf8");
  const head = Buffer.alloc(HEADER);
  head.write(type, 0, "latin1");
  head.writeInt32BE(text.length + HEADER - 1, 1);
  return Buffer.concat([head, text]);
}

/** An error that ends a connection. Supavisor has one code for nearly all of them (lib/supavisor/error.ex). */
export function refusal(message: string): Buffer {
  return messageOf("E", `SFATAL\0VFATAL\0CXX000\0M${message}\0\0`);
}

/** Whether a server's answer refuses a login (SQLSTATE class 28). */
export function refusesLogin({ type, body }: Message): boolean {
  return type === "E" && body.includes("\0C28", 0, "latin1");
}
