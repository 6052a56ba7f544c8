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
}

/** A record to create. It is never proxied. */
export interface WantedRecord {
  type: "CNAME" | "TXT";
  name: string;
  content: string;
  /** How long resolvers may cache it. @default - the host's own choice */
  ttlSeconds?: number;
  /** For people who look at the zone. */
  comment?: string;
}

/** The host of the DNS zone. Calls throw ServiceError or UnreachableError (services/http/http.ts). */
export interface DnsHost extends RemoteService, TokenHolder {
  /** All zones that the token can see. */
  zones(signal?: AbortSignal): Promise<DnsZone[]>;
  /** Id of the zone of that name; undefined if the token can see no such zone. */
  zoneId(name: string, signal?: AbortSignal): Promise<string | undefined>;
  /** All records, or those of one name. A missing zone is a ServiceError with status 404. */
  records(zoneId: string, name?: string, signal?: AbortSignal): Promise<DnsRecord[]>;
  /** All records in the host's own form, with every field that a backup of the configuration keeps. */
  exportRecords(zoneId: string, signal?: AbortSignal): Promise<Record<string, unknown>[]>;
  createRecord(zoneId: string, record: WantedRecord, signal?: AbortSignal): Promise<DnsRecord>;
  /** Changes a record in place: its id stays, and the name always has an answer. */
  updateRecord(zoneId: string, recordId: string, record: WantedRecord, signal?: AbortSignal): Promise<DnsRecord>;
  /** Deletes a record. A missing one is no error. */
  deleteRecord(zoneId: string, recordId: string, signal?: AbortSignal): Promise<void>;
}
