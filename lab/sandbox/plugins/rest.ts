import type { z } from "zod";

import { type Properties, resource, type ResourceHandler } from "../../../provider/host/index.ts";
import { UserError } from "../../../services/common/errors.ts";
import { exchange, ServiceError, unlessNotFound } from "../../../services/http/http.ts";
import { parseJson } from "../../../services/http/jsonClient.ts";

/** Time limit of a request. */
const TIME_LIMIT_MS = 60_000;

/** A service with a JSON API behind a token. */
export interface RestService {
  /** Its name, for messages. */
  name: string;
  /** Prefix of all paths, without a slash at the end. */
  address: string;
  headers: Readonly<Record<string, string>>;
  /** Added to every query, for instance Vercel's team. */
  query?: Readonly<Record<string, string>>;
  /** Finds the text of the service's errors. */
  faultOf(body: unknown): string | undefined;
}

/** One request. */
export interface RestRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: unknown;
  signal?: AbortSignal;
}

/** Sends one request and returns the JSON of the answer, or undefined. Throws ServiceError, or UnreachableError. */
export async function send(service: RestService, { method, path, body, signal }: RestRequest): Promise<unknown> {
  const url = new URL(`${service.address}${path}`);
  for (const [key, value] of Object.entries(service.query ?? {})) url.searchParams.set(key, value);
  const what = `${method} ${path}`;
  const text = await exchange({
    service: service.name,
    at: service.address,
    method,
    url,
    what,
    timeoutMs: TIME_LIMIT_MS,
    // The official plugins differ in what they retry; here a refusal shows at once.
    attempts: 1,
    retryDelayMs: 0,
    headers: { ...service.headers, ...(body !== undefined && { "content-type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    // A change that Ctrl-C cuts off may have been made or not, so only reading is cut off.
    signal,
    receive: (answer) => answer.text(),
    refusal: (refused) => {
      const fault = service.faultOf(parseJson(refused.text)) ?? refused.text.slice(0, 200);
      return new ServiceError(
        service.name,
        refused.status,
        `${service.name} answered ${refused.status} to ${what}: ${fault}`,
      );
    },
  });
  return parseJson(text);
}

/** The service that a row's requests go to. */
export interface RestContext {
  service: RestService;
}

/** The existing resource, in a row's form. */
export interface RestState<I, O> {
  id: string;
  inputs: I;
  outputs: O;
}

/** One row: a resource type with a collection at a path, and its items below. */
export interface RestRow<X extends RestContext, A, I, O> extends Pick<
  ResourceHandler<X, I, O>,
  "inputs" | "autoName" | "secrets" | "replaceOn"
> {
  /** The service's answer; other fields are ignored. */
  answer: z.ZodType<A>;
  /** Path at which an item is created. */
  collection(context: X, inputs: I): string;
  /** Path of an item; `inputs` is absent in an import. */
  item(context: X, id: string, inputs: I | undefined): string;
  /** The body of create and update. An update gets `olds`, so that it can unset what the program dropped. */
  body(inputs: I, olds: I | undefined): unknown;
  /** If `last` is absent (an import), all of the service's values that a program would declare. */
  state(answer: A, last: I | undefined, id: string | undefined): RestState<I, O>;
  change: "PATCH" | "PUT";
  /** Replaces DELETE. */
  remove?(context: X, id: string, inputs: I): RestRequest;
}

/** Makes a handler from a row. */
export function restRow<X extends RestContext, A, I extends object, O extends object>(
  row: RestRow<X, A, I, O>,
): ResourceHandler<X, Properties, Properties> {
  const ask = async (context: X, request: RestRequest) => row.answer.parse(await send(context.service, request));
  return resource<X, I, O>({
    ...row,
    async create(context, inputs) {
      const path = row.collection(context, inputs);
      const answer = await ask(context, { method: "POST", path, body: row.body(inputs, undefined) });
      const { id, outputs } = row.state(answer, inputs, undefined);
      return { id, outputs };
    },
    async read(context, id, last, signal) {
      const path = row.item(context, id, last?.inputs);
      const answer = await unlessNotFound(ask(context, { method: "GET", path, signal }));
      return answer === undefined ? undefined : row.state(answer, last?.inputs, id);
    },
    async update(context, id, olds, news) {
      const path = row.item(context, id, olds.inputs);
      const answer = await ask(context, { method: row.change, path, body: row.body(news, olds.inputs) });
      return row.state(answer, news, id).outputs;
    },
    async delete(context, id, { inputs }) {
      const path = row.item(context, id, inputs);
      const request = row.remove?.(context, id, inputs) ?? { method: "DELETE" as const, path };
      await unlessNotFound(send(context.service, request));
    },
  });
}

/** Whether a service returned a value: its JSON has null for "not set". */
export function given<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

/** A token from the provider's configuration or the environment. */
export function tokenFrom(configured: string | undefined, variable: string): string {
  const token = configured ?? process.env[variable];
  if (token === undefined || token === "") throw new UserError(`Set ${variable} in the environment.`);
  return token;
}

/** The text at the first of some paths (`error.message`) that an error body has. */
export function textAt(body: unknown, ...paths: string[]): string | undefined {
  for (const path of paths) {
    const value = path.split(".").reduce<unknown>((part, key) => (part as Properties | null | undefined)?.[key], body);
    if (typeof value === "string") return value;
  }
  return undefined;
}
