import type { RemoteService } from "../http/remoteService.ts";
import type { TokenHolder } from "../http/tokenFacts.ts";
import type { GitCredential } from "./git.ts";

/** A repository as it is found. */
export interface ListedRepository {
  /** "owner/name" */
  fullName: string;
  defaultBranch: string;
  isPrivate: boolean;
}

/** The host of the repositories, beside git itself (git.ts). Calls throw ServiceError or UnreachableError (services/http/http.ts). */
export interface CodeHost extends RemoteService, TokenHolder {
  /** The credential with which git reaches the host's repositories. It contains the token. */
  gitCredential(): GitCredential;
  /** The repositories that the token's user owns or works on, if the token is for them. */
  repositories(signal?: AbortSignal): Promise<ListedRepository[]>;
  /**
   * A repository's settings in the host's own form, for a backup of the configuration; undefined if it does not exist.
   *
   * @param fullName "owner/name"
   */
  exportRepository(fullName: string, signal?: AbortSignal): Promise<Record<string, unknown> | undefined>;
}
