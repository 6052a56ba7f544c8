import type { Readable } from "node:stream";

import type { PassedOver } from "./passedOver.ts";

/** What is known of an object once it lies in the vault. */
export interface StoredObject {
  sizeBytes: number;
  /** SHA-256 of the whole object, hexadecimal; S3's own checksum of a multipart upload is a checksum of checksums. */
  sha256: string;
  versionId: string | undefined;
}

/** One version of an object. */
export interface KeptVersion {
  sizeBytes: number;
  modifiedAt: Date;
  versionId: string | undefined;
}

/** An object as a listing shows it: its newest version, also if a delete marker lies over it. */
export interface ListedObject extends KeptVersion {
  key: string;
  /** When the delete marker over it was made; absent without one. Lifecycle makes such markers, and so does a deletion. */
  deletedAt?: Date;
}

/** How an object is stored. */
export interface PutOptions {
  contentType?: string;
  /** Nobody without the right to bypass may delete the object before this instant (governance). Needs a bucket with Object Lock. */
  lockUntil?: Date | undefined;
  signal?: AbortSignal | undefined;
}

/** Where backups lie. Errors whose cause is set-up or network are UserErrors of one sentence. */
export interface Vault {
  /** Name for messages: the bucket. */
  readonly name: string;
  /** What its readers have passed over. */
  readonly passedOver: PassedOver;
  /**
   * Stores a stream or bytes under a key that holds nothing yet. The stream is read once, in parts; a stream that fails leaves nothing behind.
   * PromiseError if the key holds other content; if it holds the very same one, that counts as stored.
   */
  put(key: string, body: Readable | Uint8Array, options?: PutOptions): Promise<StoredObject>;
  /** The content of an object's newest version, also below a delete marker, or of the one that is named; undefined when there is none. */
  get(key: string, signal?: AbortSignal, versionId?: string): Promise<Readable | undefined>;
  /**
   * The same of a small object, in memory. PromiseError, before any of it is in memory, where it has more than `mostBytes`:
   * whoever may write to the vault may have put anything in its place.
   */
  getBytes(key: string, signal?: AbortSignal, mostBytes?: number, versionId?: string): Promise<Uint8Array | undefined>;
  /** Every version of one object, newest first, without delete markers. */
  versions(key: string, signal?: AbortSignal): Promise<KeptVersion[]>;
  /** All objects whose key begins so, sorted by key. */
  list(prefix: string, signal?: AbortSignal): Promise<ListedObject[]>;
  /** Holds an object for as long as it takes, or lets go of it: all its versions if a listing has shown several. */
  setLegalHold(key: string, on: boolean): Promise<void>;
  /** Whether an object is held: any of its versions if a listing has shown several. */
  hasLegalHold(key: string): Promise<boolean>;
}
