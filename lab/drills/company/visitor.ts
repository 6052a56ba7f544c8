import { request } from "node:http";

import { z } from "zod";

import { addressOf } from "../../sandbox/host/layout.ts";
import { SANDBOX_NAMES } from "../../sandbox/workspace.ts";
import type { DrillContext } from "./context.ts";

const healthAnswer = z.object({ commit: z.string().optional(), deployment: z.string().optional() });

/** The answer to a visitor's request. */
export interface VisitorAnswer {
  status: number;
  body: unknown;
  headers: Record<string, string | string[] | undefined>;
}

/**
 * Visits the app under a public name. As for any visitor, DNS records and domains decide which deployment answers.
 *
 * `edge` is the address of the sandbox's edge, which replaces name resolution and Vercel's network.
 */
export class Visitor {
  readonly #edge: string;
  readonly #host: string;

  constructor(edge: string, host: string) {
    this.#edge = edge;
    this.#host = host;
  }

  async health(): Promise<{ status: number; commit?: string | undefined; deployment?: string | undefined }> {
    const answer = await this.#send("GET", "/api/health");
    const parsed = healthAnswer.safeParse(answer.body);
    return { status: answer.status, ...parsed.data };
  }

  /** Logs in through the app and the project's auth service. Returns the access token, or the status of a refusal. */
  async login(email: string, password: string): Promise<string | number> {
    const answer = await this.#send("POST", "/api/login", { email, password });
    if (answer.status !== 200) return answer.status;
    return z.object({ accessToken: z.string() }).parse(answer.body).accessToken;
  }

  async posts(token: string | undefined, limit: number): Promise<VisitorAnswer> {
    return this.#send("GET", `/api/posts?limit=${limit}`, undefined, token);
  }

  async write(token: string | undefined, post: { title: string; body: string }): Promise<VisitorAnswer> {
    return this.#send("POST", "/api/posts", post, token);
  }

  #send(method: string, path: string, body?: unknown, token?: string): Promise<VisitorAnswer> {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const call = request(`${this.#edge}${path}`, {
        method,
        agent: false,
        timeout: 15_000,
        headers: {
          host: this.#host,
          ...(payload && { "content-type": "application/json", "content-length": Buffer.byteLength(payload) }),
          ...(token && { authorization: `Bearer ${token}` }),
        },
      });
      call.once("error", reject);
      call.once("timeout", () => call.destroy(new Error(`${this.#host}${path} gave no answer within 15 s`)));
      call.once("response", (response) => {
        const pieces: Buffer[] = [];
        response.on("data", (piece: Buffer) => pieces.push(piece));
        response.once("error", reject);
        response.once("end", () => {
          const text = Buffer.concat(pieces).toString("utf8");
          resolve({ status: response.statusCode ?? 0, body: parseJson(text), headers: response.headers });
        });
      });
      call.end(payload);
    });
  }
}

/** A visitor of a public name, the first app's unless another is given. */
export function visitorOf({ file }: DrillContext, publicName: string = SANDBOX_NAMES.publicName): Visitor {
  return new Visitor(addressOf(file.ports, "edge"), publicName);
}

/** An error page is text, and returned as text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
