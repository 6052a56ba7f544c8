import type { StorageClass } from "../retention/vault.ts";

/** S3's list prices in one region, in US dollars, before tax and without free allowances or volume discounts. */
export interface RegionPrices {
  readonly region: string;
  /** The city by which people know the region. */
  readonly name: string;
  /** Date of the price list. */
  readonly asOf: string;
  /** A GB (2^30 bytes) stored for a month. */
  readonly storage: Readonly<Record<StorageClass, number>>;
  /** 1,000 requests that write (PUT, COPY, POST, LIST). */
  readonly writes: Readonly<Record<StorageClass, number>>;
  /** 1,000 requests that read. */
  readonly reads: Readonly<Record<StorageClass, number>>;
  /** 1,000 moves into the class by lifecycle. */
  readonly transitions: Readonly<Record<StorageClass, number>>;
  /** A GB read. */
  readonly retrieval: Readonly<Record<StorageClass, number>>;
  /** A GB sent to another AWS region. */
  readonly toOtherRegion: number;
  /** A GB sent to the internet. */
  readonly toInternet: number;
  /** A GB replicated under Replication Time Control. */
  readonly timeControl: number;
}
