import { HEALTH_PATH } from "../../planning/names.ts";
import type { Edge } from "../../services/appHost/edge.ts";
import { messageOf, redact } from "../../services/common/errors.ts";
import { ServiceError } from "../../services/http/http.ts";
import { applicationHealth, type HealthContract } from "../site/applicationHealth.ts";

/** What shows, beside an app's health, that its users have access. */
export interface AppProbes {
  /** Paths that answer a visitor without a login below status 400. */
  readonly paths: readonly string[];
  readonly login?: { readonly email: string } | undefined;
  /** A POST by the logged-in user that writes. */
  readonly write?: { readonly path: string; readonly body: Readonly<Record<string, unknown>> } | undefined;
}

/** The result of one question. */
export interface Sample {
  /** What was asked, in a few words that stay the same. */
  readonly probe: string;
  readonly outcome: "good" | "bad" | "no answer";
  readonly latencyMs: number;
  /** Why it is not good. */
  readonly reason?: string | undefined;
  /** The deployment that has answered in place of the expected one. */
  readonly answeredBy?: string | undefined;
}

/** An address of the app, and how it is asked. */
export interface ProbedAddress extends HealthContract {
  edge: Edge;
  /** With the scheme, without a path. */
  address: string;
  probes: AppProbes;
  /** The deployment that has to answer, as far as the app says which one does. */
  expectedId?: string | undefined;
  now: () => number;
}

/** Asks an address once for the app's health and for each path. */
export async function probeOnce(at: ProbedAddress, signal: AbortSignal): Promise<Sample[]> {
  const { paths } = at.probes;
  return await Promise.all([askHealth(at, signal), ...paths.map((path) => visit(at, path, signal))]);
}

/** Asks an address once for the app's health. */
export async function askHealth(at: ProbedAddress, signal: AbortSignal): Promise<Sample> {
  const { healthPath = HEALTH_PATH, expectedId } = at;
  const probe = `GET ${healthPath}`;
  const start = at.now();
  const answered: number[] = [];
  const edge: Edge = async (...request) => {
    const answer = await at.edge(...request);
    answered.push(answer.status);
    return answer;
  };
  const health = await applicationHealth(edge, at.address, at, signal);
  const latencyMs = at.now() - start;
  if (!health.healthy)
    return { probe, outcome: answered.length > 0 ? "bad" : "no answer", latencyMs, reason: health.reason };
  const { deployment: answeredBy } = health;
  return answeredBy === undefined || expectedId === undefined || answeredBy === expectedId
    ? { probe, outcome: "good", latencyMs }
    : { probe, outcome: "bad", latencyMs, reason: `deployment ${answeredBy} answers`, answeredBy };
}

/** Visits a path; with a login, writes there. */
async function visit(at: ProbedAddress, path: string, signal: AbortSignal, write?: Write): Promise<Sample> {
  const probe = `${write === undefined ? "GET" : "POST"} ${path}`;
  return await timed(at, probe, signal, async () => {
    const headers = write && { authorization: `Bearer ${write.token}` };
    const { status, text } = await at.edge(new URL(path, at.address).href, signal, headers, write?.body);
    return status < 400 ? undefined : `status ${status}: ${redact(text.slice(0, 100).trim() || "no text")}`;
  });
}

interface Write {
  token: string;
  body: Readonly<Record<string, unknown>>;
}

/** Logs the test user in, and writes as that user, as far as the app names them. `logIn` gives an access token. */
export async function probeAsUser(
  at: ProbedAddress,
  logIn: (signal: AbortSignal) => Promise<string>,
  signal: AbortSignal,
): Promise<Sample[]> {
  const { login, write } = at.probes;
  if (login === undefined) return [];
  let token: string | undefined;
  const loggedIn = await timed(at, `login of ${login.email}`, signal, async () => {
    token = await logIn(signal);
    return undefined;
  });
  if (write === undefined || token === undefined) return [loggedIn];
  return [loggedIn, await visit(at, write.path, signal, { token, body: write.body })];
}

/** `ask` returns why the answer is not good, and throws if there is none. */
async function timed(
  { now }: ProbedAddress,
  probe: string,
  signal: AbortSignal,
  ask: () => Promise<string | undefined>,
): Promise<Sample> {
  const start = now();
  try {
    const reason = await ask();
    const outcome = reason === undefined ? "good" : "bad";
    return { probe, outcome, latencyMs: now() - start, ...(reason !== undefined && { reason }) };
  } catch (error) {
    signal.throwIfAborted();
    return { probe, outcome: outcomeOf(error), latencyMs: now() - start, reason: messageOf(error) };
  }
}

/** A service that answers with a refusal has answered. */
function outcomeOf(error: unknown): Sample["outcome"] {
  return error instanceof ServiceError ? "bad" : "no answer";
}
