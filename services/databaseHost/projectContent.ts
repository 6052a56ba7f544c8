import type { Readable } from "node:stream";

/** An object of a project's storage. */
export interface StoragePlace {
  bucket: string;
  /** Path within the bucket. */
  name: string;
}

/** An object's content on its way. */
export interface StorageContent {
  body: Readable;
  contentType: string;
  /** As the storage service writes it, with its quotes; undefined where it gives none. */
  etag: string | undefined;
}

/** What an object is to be. */
export interface NewObject {
  /** Opens the content from its start for each attempt. */
  open: () => Promise<Readable>;
  contentType: string;
  /** How long a client may keep it, such as `max-age=3600`; the storage service's own default without it. */
  cacheControl?: string | undefined;
}

/** An edge function without its code. */
export interface EdgeFunction {
  slug: string;
  name: string;
  /** Whether a caller needs a session's token. */
  verifyJwt: boolean;
  importMap: boolean;
  entrypointPath?: string | undefined;
  importMapPath?: string | undefined;
}

/**
 * What a project of the database host holds beside its database. Every call throws ServiceError or UnreachableError, after some attempts
 * where the service was only busy.
 */
export interface ProjectContent {
  /** The object's content, or undefined when the service says that there is none. */
  getObject(place: StoragePlace, signal?: AbortSignal): Promise<StorageContent | undefined>;
  /** Stores an object in place of any that is there. */
  putObject(place: StoragePlace, content: NewObject, signal?: AbortSignal): Promise<void>;
  /** Bytes that an object may have at most. */
  sizeLimit(signal?: AbortSignal): Promise<number>;
  setSizeLimit(bytes: number, signal?: AbortSignal): Promise<void>;
  functions(signal?: AbortSignal): Promise<EdgeFunction[]>;
  /** A function's code as the platform bundled it, or undefined when there is no such function. */
  functionBody(slug: string, signal?: AbortSignal): Promise<Buffer | undefined>;
  /** Makes the function, or gives the one of that slug this code. */
  deployFunction(wanted: EdgeFunction, body: Buffer, signal?: AbortSignal): Promise<void>;
  /** Settings of the auth service. The host may show another value in place of a secret: see `isSecretSetting`. */
  authSettings(signal?: AbortSignal): Promise<Record<string, unknown>>;
  /** Changes these settings and leaves the others. */
  setAuthSettings(settings: Record<string, unknown>, signal?: AbortSignal): Promise<void>;
  /** Whether the value that the host shows for a setting of the auth service is not the one that was set. Asks nothing. */
  readonly isSecretSetting: (name: string) => boolean;
}

/**
 * Whether an object of that name can be asked for: an address with a part of only dots leads elsewhere, with the project's key
 * (RFC 3986, 5.2.4, which fetch follows).
 */
export function hasAddress(name: string): boolean {
  return !name.split("/").some((part) => part === "." || part === "..");
}
