import type { RemoteService } from "../http/remoteService.ts";
import type { GitCredential } from "./git.ts";

/**
 * What the product asks of the host of its repositories beside git itself (git.ts). Every call throws ServiceError or UnreachableError
 * (services/http/http.ts).
 */
export interface CodeHost extends RemoteService {
  /** By which git reaches the host's repositories. It holds the token. */
  gitCredential(): GitCredential;
  /**
   * A repository's settings in the host's own form, for a backup of the configuration; undefined if it does not exist.
   *
   * @param fullName "owner/name"
   */
  exportRepository(fullName: string, signal?: AbortSignal): Promise<Record<string, unknown> | undefined>;
}
