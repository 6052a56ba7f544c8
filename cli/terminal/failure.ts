import { CommanderError } from "commander";

import { WHO_ENDS_SESSIONS, wordsOfEnd } from "../../recovery/postgres/session/endedSession.ts";
import { RefusedTokenError } from "../../services/codeHost/git.ts";
import { messageOf, PromiseError, UserError } from "../../services/common/errors.ts";
import { ServiceError, UnreachableError } from "../../services/http/http.ts";

/** Exit codes of every command: 0 fine, 1 the promise is not kept, 2 wrong use or set-up, 130 ended by Ctrl-C. */
export const EXIT = { fine: 0, promiseNotKept: 1, wrongUse: 2, interrupted: 130 } as const;

/** The exit code of what a command has thrown. */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.fine : EXIT.wrongUse;
  if (isAbort(thrown)) return EXIT.interrupted;
  return thrown instanceof UserError || isSetUp(thrown) ? EXIT.wrongUse : EXIT.promiseNotKept;
}

/** A service that refuses the token, or that can't be reached: no promise is broken by that. */
function isSetUp(thrown: unknown): boolean {
  if (thrown instanceof ServiceError) return thrown.status === 401 || thrown.status === 403;
  return thrown instanceof UnreachableError || thrown instanceof RefusedTokenError;
}

/** The message to print: one sentence without secrets, never a stack trace. Undefined if it has been printed already. */
export function explanationOf(thrown: unknown): string | undefined {
  if (thrown instanceof CommanderError) return undefined; // commander has printed it
  if (isAbort(thrown)) return "Interrupted. What was started has been stopped.";
  const words = thrown instanceof UserError || thrown instanceof PromiseError ? undefined : wordsOfEnd(thrown);
  if (words !== undefined)
    return `The database's server has ended the session of this command (${words}). ${WHO_ENDS_SESSIONS}. Run the same command again once that is over.`;
  return messageOf(thrown);
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === "AbortError";
}
