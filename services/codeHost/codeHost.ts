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

/** What a mirror and a recovery have to know of a repository. */
export interface RepositoryState extends ListedRepository {
  /** "owner/name" as the host has it now: another one than was asked for after a rename or a transfer. */
  fullName: string;
  /** Whether the host refuses every push to it. */
  isArchived: boolean;
  /** The branches that rules of the host protect. */
  protectedBranches: string[];
}

/** The part of a code host that looks into a repository. */
export interface RepositoryInspection {
  /** A file's text, or the names in a folder, on the default branch; undefined if it holds neither. */
  content(
    fullName: string,
    path: string,
    signal?: AbortSignal,
  ): Promise<{ text: string } | { names: string[] } | undefined>;
  /** Whether the host runs the workflows of a repository; undefined if the token sees no such repository. */
  runsWorkflows(fullName: string, signal?: AbortSignal): Promise<boolean | undefined>;
}

/** The part of a code host that keeps repositories which hold a copy of another's code. */
export interface MirrorKeeping {
  /**
   * Makes a private, empty repository in which no workflow runs. UserError if its owner or group cannot be found; ServiceError if the host refuses it,
   * also because the name is taken.
   */
  createRepository(fullName: string, description: string, signal?: AbortSignal): Promise<RepositoryState>;
  /** Lets the host run a repository's workflows, or not. */
  setWorkflows(fullName: string, run: boolean, signal?: AbortSignal): Promise<void>;
  /** Makes the host refuse every push to a repository, or accept pushes again. */
  setArchived(fullName: string, archived: boolean, signal?: AbortSignal): Promise<void>;
  /**
   * Has the host refuse each push that rewrites or deletes an existing branch, also of the token's own user. False if the host's plan has no such
   * protection for a private repository. A mirror that accepts a rewrite calls {@link unprotectBranch}, pushes, and protects the branch again.
   */
  protectBranch(fullName: string, branch: string, signal?: AbortSignal): Promise<boolean>;
  /** Ends the protection of a branch, if it has any. */
  unprotectBranch(fullName: string, branch: string, signal?: AbortSignal): Promise<void>;
}

/** The host of the repositories, beside git itself (git.ts). Calls throw ServiceError or UnreachableError (services/http/http.ts). */
export interface CodeHost extends RemoteService, RepositoryInspection, MirrorKeeping, TokenHolder {
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
  /** A repository, also by the name that it had before a rename or a transfer; undefined if the token sees none of that name. */
  repository(fullName: string, signal?: AbortSignal): Promise<RepositoryState | undefined>;
  /** Makes an existing branch the repository's default. */
  setDefaultBranch(fullName: string, branch: string, signal?: AbortSignal): Promise<void>;
  /** Fields of the exported settings that no user sets: counts, times, addresses, and what follows from the token. @default - none */
  readonly statusFields?: ReadonlySet<string>;
}
