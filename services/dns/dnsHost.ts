import type { RemoteService } from "../http/remoteService.ts";

/** A record of a zone. */
export interface DnsRecord {
  id: string;
  /** "A", "CNAME", "TXT", … */
  type: string;
  name: string;
  /** Where the record leads, or what it says; of a TXT record the text without quotes. */
  content: string;
  /** True if the host answers for the name with addresses of its own in place of the content. */
  proxied: boolean;
}

/** What a record is to be. It is never proxied. */
export interface WantedRecord {
  type: "CNAME" | "TXT";
  name: string;
  content: string;
  /** How long resolvers may keep it. @default - the host's own choice */
  ttlSeconds?: number;
  /** For people who look at the zone. */
  comment?: string;
}

/** What the product asks of the host of its DNS zone. Every call throws ServiceError or UnreachableError (services/http/http.ts). */
export interface DnsHost extends RemoteService {
  /** Id of the zone of that name, or undefined if the token sees none. */
  zoneId(name: string, signal?: AbortSignal): Promise<string | undefined>;
  /** All records, or those of one name. A zone that does not exist is an error that `isNotFound` recognises. */
  records(zoneId: string, name?: string, signal?: AbortSignal): Promise<DnsRecord[]>;
  /** All records in the host's own form, with every field that a backup of the configuration keeps. */
  exportRecords(zoneId: string, signal?: AbortSignal): Promise<Record<string, unknown>[]>;
  createRecord(zoneId: string, record: WantedRecord, signal?: AbortSignal): Promise<DnsRecord>;
  /** Changes a record in place: its id stays, and the name has an answer at every moment. */
  updateRecord(zoneId: string, recordId: string, record: WantedRecord, signal?: AbortSignal): Promise<DnsRecord>;
  /** Deletes a record. One that does not exist is fine. */
  deleteRecord(zoneId: string, recordId: string, signal?: AbortSignal): Promise<void>;
}
