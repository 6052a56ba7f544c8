import { randomBytes } from "node:crypto";

import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { z } from "zod";

import { messageOf } from "../../../services/common/errors.ts";

/** Ends a request with an error in the service's own shape; each emulator's `onError` prints it. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode;
  readonly body: object;
  constructor(status: ContentfulStatusCode, body: object) {
    super(JSON.stringify(body));
    this.status = status;
    this.body = body;
  }
}

/** The token of `Authorization: Bearer …` (or GitHub's `token …`), or undefined. */
export function bearerToken(header: string | undefined): string | undefined {
  return /^(?:bearer|token)\s+(\S+)$/i.exec(header ?? "")?.[1];
}

/** The password of a Basic authorization (`name:token`), in which git clients send their token. */
export function basicPassword(header: string | undefined): string | undefined {
  const encoded = /^basic\s+(\S+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  return text.slice(text.indexOf(":") + 1);
}

/**
 * The request's JSON body, checked.
 * @param refuse makes the service's own error from the first fault, given as `field: reason`
 */
export async function readBody<S extends z.ZodType>(
  c: Context,
  schema: S,
  refuse: (fault: string) => ApiError,
): Promise<z.infer<S>> {
  const text = await c.req.text();
  let value: unknown;
  try {
    value = text === "" ? {} : JSON.parse(text);
  } catch {
    throw refuse("the body is not valid JSON");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw refuse(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`.replace(/^: /, ""));
}

/** Work that continues after its request was answered. */
export class BackgroundWork {
  readonly #running = new Set<Promise<void>>();

  /** Runs work in the background. `what` names it in the log if it fails in spite of its own handling. */
  start(what: string, work: () => Promise<void>): void {
    const done = work()
      .catch((thrown: unknown) => void process.stderr.write(`${what}: ${messageOf(thrown)}\n`))
      .finally(() => this.#running.delete(done));
    this.#running.add(done);
  }

  /** Waits until nothing is running. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}

/** A random lower-case identifier of `length` hexadecimal digits. */
export function hexId(length: number): string {
  return randomBytes(Math.ceil(length / 2))
    .toString("hex")
    .slice(0, length);
}

/** A random identifier of `length` letters, as Supabase's project refs are. */
export function letterId(length: number): string {
  return [...randomBytes(length)].map((byte) => String.fromCharCode(97 + (byte % 26))).join("");
}
