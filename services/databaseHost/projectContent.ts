import type { Readable } from "node:stream";

import type { ProjectSize } from "./databaseHost.ts";

/** An object of a project's storage. */
export interface StoragePlace {
  bucket: string;
  /** Path within the bucket. */
  name: string;
}

/** An object's content as a stream. */
export interface StorageContent {
  body: Readable;
  contentType: string;
  /** With its quotes; undefined if the storage service gives none. */
  etag: string | undefined;
}

/** An object to store. */
export interface NewObject {
  /** Opens the content from its start for each attempt. */
  open: () => Promise<Readable>;
  contentType: string;
  /** How long a client may cache it, such as `max-age=3600`. @default - the storage service's own */
  cacheControl?: string | undefined;
}

/** An edge function without its code. */
export interface EdgeFunction {
  slug: string;
  name: string;
  /** Whether a caller needs a token of a session. */
  verifyJwt: boolean;
  importMap: boolean;
  entrypointPath?: string | undefined;
  importMapPath?: string | undefined;
}

/** The content of a project beside its database. Calls throw ServiceError or UnreachableError, after retries if the service was busy. */
export interface ProjectContent {
  /** The object's content; undefined if the service says that there is no such object. */
  getObject(place: StoragePlace, signal?: AbortSignal): Promise<StorageContent | undefined>;
  /** Stores an object, and replaces an existing one. */
  putObject(place: StoragePlace, content: NewObject, signal?: AbortSignal): Promise<void>;
  /** The most bytes that an object may have. */
  sizeLimit(signal?: AbortSignal): Promise<number>;
  setSizeLimit(bytes: number, signal?: AbortSignal): Promise<void>;
  functions(signal?: AbortSignal): Promise<EdgeFunction[]>;
  /** A function's code as bundled by the platform; undefined if there is no such function. */
  functionBody(slug: string, signal?: AbortSignal): Promise<Buffer | undefined>;
  /** Identifies the code in a function's body: the same for bodies that differ only in their encoding. Makes no request. */
  codeDigest(body: Buffer): string;
  /** Creates the function, or replaces the code of the existing one. */
  deployFunction(wanted: EdgeFunction, body: Buffer, signal?: AbortSignal): Promise<void>;
  /** Settings of the auth service. The host may show another value instead of a secret: see `isSecretSetting`. */
  authSettings(signal?: AbortSignal): Promise<Record<string, unknown>>;
  /** Changes only these settings. */
  setAuthSettings(settings: Record<string, unknown>, signal?: AbortSignal): Promise<void>;
  /** The size of its database. */
  size(signal?: AbortSignal): Promise<ProjectSize>;
  /** Whether the host shows another value than the one that was set for a setting of the auth service. Makes no request. */
  readonly isSecretSetting: (name: string) => boolean;
}

/**
 * Whether an object of that name can be requested. A part that is only dots would lead to another address, with the project's key (RFC 3986,
 * 5.2.4, which fetch follows).
 */
export function hasAddress(name: string): boolean {
  return !name.split("/").some((part) => part === "." || part === "..");
}
