import type { CertificateFacts } from "../common/certificateFacts.ts";
import type { RemoteService } from "../http/remoteService.ts";
import type { TokenHolder } from "../http/tokenFacts.ts";

/** A zone, and the account that it is in. */
export interface DnsZone {
  id: string;
  name: string;
  accountId: string;
}

/** A record of a zone. */
export interface DnsRecord {
  id: string;
  /** "A", "CNAME", "TXT", … */
  type: string;
  name: string;
  /** The record's target or text; for a TXT record without quotes. */
  content: string;
  /** True if the host answers with its own addresses instead of the content. */
  proxied: boolean;
  /** How long resolvers may cache it; absent if the host chooses. */
  ttlSeconds?: number;
  /** The note for people; absent if it has none. */
  comment?: string;
  /** Labels for people; absent if it has none. */
  tags?: string[];
}

/** A record as a program declares it, with every field that the host takes. It has content, or data if it has several parts. */
export interface DeclaredRecord {
  id: string;
  name: string;
  type: string;
  ttl: number;
  content?: string;
  data?: Record<string, string | number>;
  priority?: number;
  proxied?: boolean;
  comment?: string;
  tags?: string[];
  settings?: Record<string, boolean>;
}

/** A live record: how it is declared, and whether the host itself manages it. */
export interface LiveRecord {
  declared: DeclaredRecord;
  /** Its content, also of a record that is declared by its data. */
  content: string;
  ofHost: boolean;
}

/** A record in the host's own form, with every field that a client can write, and what shows its manager. */
export type ExportedRecord = Record<string, unknown> & { id: string; name: string; type: string; content: string };

/** A record to create. */
export interface WantedRecord {
  /** "A", "CNAME", "TXT", … */
  type: string;
  name: string;
  content: string;
  /** Whether the host answers with its own addresses instead of the content. @default false */
  proxied?: boolean;
  /** How long resolvers may cache it. @default - the host's own choice */
  ttlSeconds?: number;
  /** For people who look at the zone. */
  comment?: string;
  /** Labels for people. */
  tags?: string[];
}

/** The host of the DNS zone. Calls throw ServiceError or UnreachableError (services/http/http.ts). */
export interface DnsHost extends RemoteService, TokenHolder {
  /** All zones that the token can see. */
  zones(signal?: AbortSignal): Promise<DnsZone[]>;
  /** Id of the zone of that name; undefined if the token can see no such zone. */
  zoneId(name: string, signal?: AbortSignal): Promise<string | undefined>;
  /** All records as a program declares them. */
  liveRecords(zoneId: string, signal?: AbortSignal): Promise<LiveRecord[]>;
  /** All records, or those of one name. A missing zone is a ServiceError with status 404. */
  records(zoneId: string, name?: string, signal?: AbortSignal): Promise<DnsRecord[]>;
  /** All records, or those of one name, in the host's own form, with every field that a backup of the configuration keeps. */
  exportRecords(zoneId: string, signal?: AbortSignal, name?: string): Promise<ExportedRecord[]>;
  /** The fields of an exported record that {@link putRecord} writes. */
  writableFields(record: Readonly<Record<string, unknown>>): Record<string, unknown>;
  /** Whether another product of the host manages an exported record. */
  isManaged(record: Readonly<Record<string, unknown>>): boolean;
  /** Creates a record from its exported form, or gives all of its fields to the one with an id. The type of that one stays. */
  putRecord(
    zoneId: string,
    record: Readonly<Record<string, unknown>>,
    id: string | undefined,
    signal?: AbortSignal,
  ): Promise<void>;
  /** The certificates of a zone, without their keys. */
  certificates(zoneId: string, signal?: AbortSignal): Promise<CertificateFacts[]>;
  createRecord(zoneId: string, record: WantedRecord, signal?: AbortSignal): Promise<DnsRecord>;
  /** Whether a creation failed because a record of the same name, type and content exists. */
  isDuplicate(error: unknown): boolean;
  /** Changes a record in place: its id stays, and the name always has an answer. */
  updateRecord(zoneId: string, recordId: string, record: WantedRecord, signal?: AbortSignal): Promise<DnsRecord>;
  /** Gives a record another content in place. All else of it stays: lifetime, proxy, comment and tags. */
  repointRecord(zoneId: string, record: DnsRecord, content: string, signal?: AbortSignal): Promise<DnsRecord>;
  /** Gives a record another lifetime and note in place, in one call. A lifetime that is left out is the host's own choice. */
  changeLifetime(
    zoneId: string,
    record: DnsRecord,
    to: { ttlSeconds?: number | undefined; comment: string },
    signal?: AbortSignal,
  ): Promise<DnsRecord>;
  /** How long resolvers may cache a record whose lifetime the host chooses, in seconds. */
  readonly automaticTtlSeconds: number;
  /** Deletes a record. A missing one is no error. */
  deleteRecord(zoneId: string, recordId: string, signal?: AbortSignal): Promise<void>;
}
