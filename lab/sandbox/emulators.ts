import type { Hono } from "hono";

import { createCloudflareEmulator } from "./emulators/cloudflare.ts";
import { createGithubEmulator } from "./emulators/github.ts";
import { createSupabaseEmulator } from "./emulators/supabase.ts";
import type { PlatformBackups } from "./emulators/supabaseBackups.ts";
import { createVercelEmulator } from "./emulators/vercel.ts";
import type { Service } from "./host/layout.ts";
import type { DeploymentLookup, EmulatorDependencies, NameRecords } from "./host/services.ts";

/** The emulators of one sandbox. */
export interface Emulators {
  /** The app at each service's port. */
  apps: ReadonlyMap<Service, Hono>;
  names: NameRecords;
  platform: DeploymentLookup;
  platformBackups: PlatformBackups;
  /** Continues what the last daemon's end interrupted. Call once, when apps can be started. */
  resume(): void;
}

/** Creates all emulators; their state is in `emulators/` in the sandbox's home. */
export function createEmulators(deps: EmulatorDependencies): Emulators {
  const cloudflare = createCloudflareEmulator(deps);
  const github = createGithubEmulator(deps);
  const vercel = createVercelEmulator(deps);
  const supabase = createSupabaseEmulator(deps);
  return {
    apps: new Map<Service, Hono>([
      ["cloudflare", cloudflare.app],
      ["github", github.app],
      ["vercel", vercel.app],
      ["supabase", supabase.app],
    ]),
    names: cloudflare,
    platform: vercel,
    platformBackups: supabase.backups,
    resume: () => {
      vercel.resume();
      supabase.resume();
    },
  };
}
