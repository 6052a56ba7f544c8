import { typeSecret } from "../common/errors.ts";

/** What every remote service says of itself, for messages. */
export interface RemoteService {
  /** As people call it, "Vercel". */
  readonly name: string;
  /** Environment variable that its token comes from. */
  readonly tokenName: string;
}

/** Where a remote service is, and the token to call it with. */
export interface ServiceAccess {
  /** Sent as a bearer token; it is never part of a message. */
  readonly token: string;
  /** The setting or variable that it comes from. @default - the service's variable */
  readonly tokenName?: string;
  /** Address; the service's own by default. */
  readonly endpoint?: string | undefined;
  /** Milliseconds for one attempt. @default - `apiSilenceMs` of {@link realTiming} */
  readonly timeoutMs?: number | undefined;
  /** Wait before the second attempt in milliseconds; it doubles with each further one. @default - `apiPauseMs` of {@link realTiming} */
  readonly retryDelayMs?: number | undefined;
}

/** The error message for a token that is not in the environment, with the command to type. */
export function withoutToken(variable: string): string {
  return `${variable} is not set: set it to a token with the rights that docs/accounts.md lists. ${typeSecret(variable)}`;
}
