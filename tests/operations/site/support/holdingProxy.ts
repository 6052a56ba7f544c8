import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import type { AddressInfo } from "node:net";

/** Whether the request that is held has been carried out. */
export type Moment = "before" | "after";

/** Stands before a service and holds one request, so that its caller can be killed at exactly that point. */
export class HoldingProxy {
  readonly #server = createServer((request, response) => {
    this.#forward(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  readonly #target: string;
  #held: { pattern: RegExp; moment: Moment; reached: () => void } | undefined;

  private constructor(target: string) {
    this.#target = target;
  }

  static async start(target: string): Promise<HoldingProxy> {
    const proxy = new HoldingProxy(target);
    await new Promise<void>((done) => proxy.#server.listen(0, "127.0.0.1", done));
    return proxy;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Comes back once a request like this (its X-Amz-Target, path or body) is held, before or after it was carried out. */
  async hold(pattern: RegExp, moment: Moment): Promise<void> {
    await new Promise<void>((reached) => {
      this.#held = { pattern, moment, reached };
    });
    this.#held = undefined;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const said = `${String(request.headers["x-amz-target"])} ${request.method} ${request.url} ${body.toString()}`;
    const held = this.#held?.pattern.test(said) === true ? this.#held : undefined;
    if (held?.moment === "before") {
      held.reached();
      return;
    }
    const headers = Object.entries(request.headers).flatMap(([name, value]) =>
      ["host", "connection", "content-length", "transfer-encoding", "expect"].includes(name)
        ? []
        : [[name, String(value)] as [string, string]],
    );
    const answer = await fetch(`${this.#target}${request.url}`, {
      method: request.method ?? "GET",
      headers,
      ...(body.length > 0 && { body }),
    });
    const content = Buffer.from(await answer.arrayBuffer());
    if (held) {
      held.reached();
      return;
    }
    const passed = [...answer.headers].filter(
      ([name]) => !["content-length", "content-encoding", "transfer-encoding", "connection"].includes(name),
    );
    response.writeHead(answer.status, Object.fromEntries(passed)).end(content);
  }
}
