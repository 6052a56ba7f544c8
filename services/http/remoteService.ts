import type { JsonClientOptions } from "./jsonClient.ts";

/** What every remote service says of itself, for messages. */
export interface RemoteService {
  /** As people call it, "Vercel". */
  readonly name: string;
  /** Environment variable that its token comes from. */
  readonly tokenName: string;
}

/** Where and as whom a remote service is spoken to. */
export interface ServiceAccess {
  readonly token: string;
  /** Address; the service's own by default. */
  readonly endpoint?: string | undefined;
  /** Patience with one attempt, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Wait before the second attempt in milliseconds; it doubles with each further one. */
  readonly retryDelayMs?: number | undefined;
}

/** How an adapter's JSON client speaks to its service. */
export function accessOptions(
  { name, tokenName }: RemoteService,
  { token, timeoutMs, retryDelayMs }: ServiceAccess,
): Omit<JsonClientOptions, "baseUrl" | "describeError"> {
  return {
    ...{ service: name, token, tokenName },
    ...(timeoutMs !== undefined && { timeoutMs }),
    ...(retryDelayMs !== undefined && { retryDelayMs }),
  };
}
