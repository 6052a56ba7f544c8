import type { Readable } from "node:stream";

import type { PassedOver } from "./passedOver.ts";

/** An object that was stored in the vault. */
export interface StoredObject {
  sizeBytes: number;
  /** SHA-256 of the whole object, hexadecimal. S3's own checksum of a multipart upload is a checksum of checksums. */
  sha256: string;
  versionId: string | undefined;
}

/** One version of an object. */
export interface KeptVersion {
  sizeBytes: number;
  modifiedAt: Date;
  versionId: string | undefined;
}

/** An object in a listing: its newest version, also under a delete marker. */
export interface ListedObject extends KeptVersion {
  key: string;
  /** When its delete marker was made, by lifecycle or a deletion; absent without one. */
  deletedAt?: Date;
}

/** How an object is stored. */
export interface PutOptions {
  contentType?: string;
  /** Before this instant only a role with the right to bypass can delete the object (governance). Needs a bucket with Object Lock. */
  lockUntil?: Date | undefined;
  signal?: AbortSignal | undefined;
}

/** The store of backups. Errors whose cause is set-up or network are UserErrors. */
export interface Vault {
  /** Name for messages: the bucket. */
  readonly name: string;
  /** The versions that its readers have passed over. */
  readonly passedOver: PassedOver;
  /** The store's own time, counted from its newest answer, which names whole seconds. Undefined before the first. */
  now(): Date | undefined;
  /**
   * Stores a stream or bytes under a new key. The stream is read once, in parts; a stream that fails leaves nothing behind. If the key has
   * the same content already, that counts as stored; PromiseError if it has other content.
   */
  put(key: string, body: Readable | Uint8Array, options?: PutOptions): Promise<StoredObject>;
  /** The content of an object's newest version, also below a delete marker, or of the named version; undefined if there is none. */
  get(key: string, signal?: AbortSignal, versionId?: string): Promise<Readable | undefined>;
  /**
   * The same for a small object, in memory. PromiseError, before any of it is read, if it has more than `mostBytes`: a caller with write
   * access to the vault can store anything in its place.
   */
  getBytes(key: string, signal?: AbortSignal, mostBytes?: number, versionId?: string): Promise<Uint8Array | undefined>;
  /** Every version of one object, newest first, without delete markers. */
  versions(key: string, signal?: AbortSignal): Promise<KeptVersion[]>;
  /** All objects whose key begins so, sorted by key. */
  list(prefix: string, signal?: AbortSignal): Promise<ListedObject[]>;
  /** Sets or releases an object's legal hold, on all its versions if a listing has shown several. */
  setLegalHold(key: string, on: boolean, signal?: AbortSignal): Promise<void>;
  /** Whether an object, or any of its versions if a listing has shown several, has a legal hold. */
  hasLegalHold(key: string, signal?: AbortSignal): Promise<boolean>;
}
