import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "@jest/globals";
import type { Hono } from "hono";

import { layout } from "../../../../lab/sandbox/host/layout.ts";
import type {
  AppRunner,
  AppStart,
  EmulatorDependencies,
  ProjectServers,
} from "../../../../lab/sandbox/host/services.ts";

export const TOKEN = "right-token";

/** Starts nothing: records what would run, and fails for deployments whose environment asks for it. */
export class FakeApps implements AppRunner {
  readonly running = new Map<string, AppStart>();
  start(app: AppStart): Promise<number> {
    if (app.env["FAIL"] !== undefined) return Promise.reject(new Error("the app ended with exit code 1"));
    this.running.set(app.deploymentId, app);
    return Promise.resolve(4000);
  }
  stop(deploymentId: string): Promise<void> {
    this.running.delete(deploymentId);
    return Promise.resolve();
  }
  portOf(deploymentId: string): number | undefined {
    return this.running.has(deploymentId) ? 4000 : undefined;
  }
}

/** Servers that are all the same real database, or none. */
export class FakeServers implements ProjectServers {
  readonly log: string[] = [];
  readonly up = new Set<string>();
  superuserUrl = "postgresql://unknown@127.0.0.1:1/none";
  failing = false;
  create(ref: string, password: string) {
    this.log.push(`create ${password}`);
    if (this.failing) return Promise.reject(new Error("no space left on device"));
    return this.start(ref);
  }
  start(ref: string) {
    this.up.add(ref);
    return Promise.resolve(this.#connection());
  }
  stop(ref: string) {
    this.up.delete(ref);
    return Promise.resolve();
  }
  destroy(ref: string) {
    this.log.push("destroy");
    return this.stop(ref);
  }
  setPassword(_ref: string, password: string) {
    this.log.push(`password ${password}`);
    return Promise.resolve();
  }
  saveCopy(_ref: string, name: string) {
    this.log.push(`copy ${name}`);
    return Promise.resolve();
  }
  dropCopy(_ref: string, name: string) {
    this.log.push(`drop ${name}`);
    return Promise.resolve();
  }
  keepChanges() {
    return Promise.resolve();
  }
  /** Settles when a test lets a restore end. */
  restoring: Promise<void> = Promise.resolve();
  async restoreCopy(ref: string, name: string, until?: Date) {
    this.log.push(`restore ${name}${until === undefined ? "" : ` until ${until.toISOString()}`}`);
    await this.restoring;
    if (this.failing) throw new Error("no space left on device");
    return await this.start(ref);
  }
  connection(ref: string) {
    return this.up.has(ref) ? this.#connection() : undefined;
  }
  #connection() {
    return { host: "127.0.0.1", port: 5432, transactionPort: 6543, superuserUrl: this.superuserUrl };
  }
}

export interface TestBed {
  deps: EmulatorDependencies;
  apps: FakeApps;
  postgres: FakeServers;
  remove(): Promise<void>;
}

/** Dependencies in a throwaway home. */
export async function testBed(): Promise<TestBed> {
  const home = await mkdtemp(join(tmpdir(), "castchat-emulators-"));
  const apps = new FakeApps();
  const postgres = new FakeServers();
  const deps: EmulatorDependencies = {
    paths: layout(home),
    credentials: {
      awsAccessKeyId: "unused",
      awsSecretAccessKey: "unused",
      vercelToken: TOKEN,
      githubToken: TOKEN,
      mirrorGithubToken: "right-token-of-the-mirrors",
      gitlabToken: TOKEN,
      cloudflareToken: TOKEN,
      supabaseToken: TOKEN,
      passphrase: "unused",
      ageIdentity: "AGE-SECRET-KEY-of-no-use",
    },
    ports: {} as EmulatorDependencies["ports"],
    apps,
    postgres,
    clock: () => new Date("2026-01-02T03:04:05Z"),
  };
  return { deps, apps, postgres, remove: () => rm(home, { recursive: true, force: true, maxRetries: 10 }) };
}

/** An answer's status and parsed body (text if it is not JSON). */
export interface Answer {
  status: number;
  body: unknown;
}

/** Sends one request with the right token (or other headers) and reads the answer. */
export async function send(
  app: Hono,
  request: string,
  body?: unknown,
  headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` },
): Promise<Answer> {
  const [method = "GET", path = "/"] = request.split(" ");
  const sent = body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) };
  const response = await app.request(path, { method, headers, ...sent });
  const text = await response.text();
  return { status: response.status, body: /^[{[]/.test(text) ? (JSON.parse(text) as unknown) : text };
}

/** Sends a request, or a request with a body, and expects this status and a body that contains `body`. Returns the answer. */
export type Gives = (
  asked: string | [request: string, sent: unknown],
  status: number,
  body?: unknown,
) => Promise<Answer>;

/** The assertion about the answers to `call`. */
export function giving(call: (request: string, sent?: unknown) => Promise<Answer>): Gives {
  return async (asked, status, body) => {
    const [request, sent] = typeof asked === "string" ? [asked] : asked;
    const answer = await call(request, sent);
    expect([request, answer]).toMatchObject([request, body === undefined ? { status } : { status, body }]);
    return answer;
  };
}

/** A client of an emulator. `app` is asked at each call, because a test's restart replaces it. */
export function clientOf(app: () => Hono) {
  const call = (request: string, body?: unknown) => send(app(), request, body);
  return {
    /** Sends a request with the right token. */
    call,
    gives: giving(call),
    /** Expects that each route refuses a request without a token, and one with a wrong token, by these answers. */
    refusesStrangers: async (routes: readonly string[], answers: { none: Partial<Answer>; wrong: Partial<Answer> }) => {
      for (const route of routes) {
        const none = await send(app(), route, undefined, {});
        const wrong = await send(app(), route, undefined, { authorization: "Bearer wrong" });
        expect({ route, none, wrong }).toMatchObject({ route, ...answers });
      }
    },
  };
}

/** A string (or other scalar as text) inside of an answer: `pick(answer, "result.0.id")`. */
export function pick(answer: Answer, path: string): string {
  const found = path
    .split(".")
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], answer.body);
  if (found === undefined || found === null) throw new Error(`no ${path} in ${JSON.stringify(answer.body)}`);
  return typeof found === "string" ? found : JSON.stringify(found);
}

/** Every route of an app as "METHOD /path" with its parameters filled in; middleware left out. */
export function routesOf(app: Hono, prefix: string): string[] {
  const routes = app.routes.filter(({ method }) => method !== "ALL");
  return [
    ...new Set(routes.map(({ method, path }) => `${method} ${prefix}${path.replace(/:(\w+)(\{[^/]+\}+)?/g, "x")}`)),
  ];
}
