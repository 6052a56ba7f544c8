import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** Whether the request that is held has been carried out. */
export type Moment = "before" | "after";

/** A request as it went through. */
export interface Passed {
  /** Method and path, without the query. */
  request: string;
  body: string;
}

/** Stands before a service, keeps what is sent to it, and holds or refuses one request, so that its caller ends at exactly that point. */
export class HoldingProxy {
  /** All that was sent, in order. */
  readonly passed: Passed[] = [];
  #refused: RegExp | undefined;
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

  /** Answers the next request like this with status 500, instead of passing it on. */
  refuse(pattern: RegExp): void {
    this.#refused = pattern;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const said = `${String(request.headers["x-amz-target"])} ${request.method} ${request.url} ${body.toString()}`;
    this.passed.push({ request: `${request.method} ${request.url?.replace(/\?.*/, "")}`, body: body.toString() });
    if (this.#refused?.test(said) === true) {
      this.#refused = undefined;
      const error = { code: "internal_server_error", message: "Refused by the test." };
      response.writeHead(500, { "content-type": "application/json" }).end(JSON.stringify({ error }));
      return;
    }
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
