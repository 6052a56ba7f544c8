import { redact } from "../common/errors.ts";
import { realTiming, type Timing } from "../common/timing.ts";
import { exchange, type Refusal, ServiceError } from "../http/http.ts";
import { credentialFor, type GitCredential, GitError, RefusedTokenError } from "./git.ts";
import type { GitRef } from "./gitObjects.ts";

const SERVICE = "git-upload-pack";
/** About 300,000 refs. A server that sends more is not read to its end. */
const MOST_BYTES = 32 * 1024 * 1024;
const FLUSH = "0000";
const LENGTH_DIGITS = 4;
const REF = /^([0-9a-f]{40}|[0-9a-f]{64}) (\S+)/;

/**
 * Reads the refs of repositories, each by one GET of git's smart HTTP protocol and without the program git. Version 0 of the protocol, which a
 * server answers with if none is asked for, lists all refs in the first answer; version 2 takes a second request. What an annotated tag points to is
 * left out, and an empty repository has no refs. Sources: https://git-scm.com/docs/gitprotocol-http (smart clients),
 * https://git-scm.com/docs/gitprotocol-pack (reference discovery) and https://git-scm.com/docs/gitprotocol-common (pkt-line format).
 *
 * A call throws RefusedTokenError that names the token and the right that it needs, GitError for another answer than git's, or UnreachableError.
 */
export function refsReader(credentials: readonly GitCredential[], timing: Timing = realTiming) {
  return (url: string, signal: AbortSignal): Promise<GitRef[]> =>
    readRefs(url, credentialFor(url, credentials), timing, signal);
}

async function readRefs(
  url: string,
  credential: GitCredential | undefined,
  { apiSilenceMs: timeoutMs, apiPauseMs: retryDelayMs }: Timing,
  signal: AbortSignal,
): Promise<GitRef[]> {
  const address = new URL(`${url}/info/refs?service=${SERVICE}`);
  try {
    const text = await exchange({
      service: address.host,
      method: "GET",
      url: address,
      what: `GET ${address.pathname}`,
      headers: credential?.token === undefined ? {} : { authorization: basic(credential.username, credential.token) },
      timeoutMs,
      retryDelayMs,
      signal,
      receive: bounded,
      refusal: (answer) => refusalOf(address, answer),
    });
    return refsIn(text, url);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    if (![401, 403, 404].includes(error.status)) throw new GitError(error.message, { cause: error });
    throw new RefusedTokenError(`${url} cannot be read (${error.status}): ${remedy(credential)}`, { cause: error });
  }
}

/** A code host answers 404 for a repository that the token does not reach, so that its name stays private. */
function remedy(credential: GitCredential | undefined): string {
  const rights = "the right to read its contents (docs/accounts.md)";
  if (credential === undefined) return `no token is at hand. Give the run one with ${rights}.`;
  const { token, tokenName } = credential;
  if (token === undefined) return `${tokenName} is not set. Set it to a token with ${rights}.`;
  return `${tokenName} has expired, was revoked, or lacks ${rights}; or there is no such repository.`;
}

function basic(username: string, token: string): string {
  return `Basic ${Buffer.from(`${username}:${token}`).toString("base64")}`;
}

function refusalOf({ host, pathname }: URL, { status, retryAfterSeconds }: Refusal): ServiceError {
  return new ServiceError(host, status, `${host} answered ${status} (GET ${pathname}).`, { retryAfterSeconds });
}

async function bounded(answer: Response): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const piece of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.length;
    if (bytes > MOST_BYTES) throw new Error(`the answer is longer than ${MOST_BYTES} bytes`);
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

/** A line begins with its length in four hexadecimal digits, which counts them too; 0000 ends a part. Lengths are bytes. */
function refsIn(text: string, url: string): GitRef[] {
  const [announcement, ...lines] = [...linesIn(Buffer.from(text), url)];
  if (announcement !== `# service=${SERVICE}`) throw noGit(url);
  return lines.flatMap((line) => {
    const [, object = "", name = ""] = REF.exec(line.split("\0", 1)[0] ?? "") ?? [];
    if (name === "") throw noGit(url);
    // Peeled tags, the line of an empty repository, and HEAD, which is no ref of its own.
    return name.endsWith("^{}") || !name.startsWith("refs/") ? [] : [{ name, object }];
  });
}

function* linesIn(bytes: Buffer, url: string): Generator<string> {
  let flushes = 0;
  for (let at = 0; at < bytes.length;) {
    const digits = bytes.toString("latin1", at, at + LENGTH_DIGITS);
    const length = digits === FLUSH ? LENGTH_DIGITS : Number.parseInt(digits, 16);
    const end = at + length;
    if (!/^[0-9a-f]{4}$/.test(digits) || length < LENGTH_DIGITS || end > bytes.length) throw noGit(url);
    if (digits === FLUSH) flushes += 1;
    else yield bytes.toString("utf8", at + LENGTH_DIGITS, end).replace(/\n$/, "");
    at = end;
  }
  // One flush ends the announcement, the other the refs. Without it the list was cut off, and would look like a mass deletion.
  if (flushes < 2) throw noGit(url);
}

function noGit(url: string): GitError {
  return new GitError(
    redact(`${url} did not answer with a whole list of refs. Is it the address of a repository? Otherwise ask again.`),
  );
}
