import type { BuildSettings } from "./appHost.ts";

/** A team of the app host, to which projects belong. */
export interface AppTeam {
  id: string;
  /** Its name in addresses. */
  slug: string;
  name: string;
}

/** A project as it is found, with what shows where it belongs. */
export interface ListedProject {
  id: string;
  name: string;
  /** The repository whose pushes the host deploys: its code host, in lower case, and its full name. */
  repository: { host: string; fullName: string; branch: string | undefined } | undefined;
  /** What the host decides by itself is left out. */
  build: BuildSettings;
}

/** What a token of the app host sees. */
export interface AppListing {
  /** The teams of the token's user. None for a user who belongs to no team. */
  teams(signal?: AbortSignal): Promise<AppTeam[]>;
  /** The projects of the team that the host is opened for. */
  projects(signal?: AbortSignal): Promise<ListedProject[]>;
}
