/** The plan of an organization, and what it means for a recovery. */
export interface HostPlan {
  /** The host's own word. */
  name: string;
  /** Whether the host stops a project that is not used, and offers no backups of its own. */
  isFree: boolean;
}

/** The disk of a project's database, in bytes. */
export interface Disk {
  sizeBytes: number;
  usedBytes: number;
}

/** A region, and whether the host makes a project there for the organization now. */
export interface HostRegion {
  code: string;
  isOpen: boolean;
}

/** The part of a database host that looks at how projects are set up. */
export interface DatabaseInspection {
  plan(organization: string, signal?: AbortSignal): Promise<HostPlan>;
  regions(organization: string, signal?: AbortSignal): Promise<HostRegion[]>;
  /** The size of a project's machine in the host's own word; undefined if none was chosen. */
  compute(ref: string, signal?: AbortSignal): Promise<string | undefined>;
  disk(ref: string, signal?: AbortSignal): Promise<Disk>;
  /** How many sessions the session pooler keeps for one user of a database; undefined if the host does not say. */
  sessions(ref: string, signal?: AbortSignal): Promise<number | undefined>;
}
