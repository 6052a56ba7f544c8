import type { Manifest } from "../../vault/manifest.ts";

/** Prefix of event triggers' names in a manifest (objects.ts). */
const KIND = "event trigger ";

/** Names of the app's event triggers. Undefined if the backup's version did not record them yet. */
export function eventTriggersOf(manifest: Pick<Manifest, "objects" | "laterKinds">): string[] | undefined {
  const names = Object.keys(manifest.objects).filter((name) => name.startsWith(KIND));
  if (names.length === 0 && manifest.laterKinds?.includes(KIND.trim()) !== true) return undefined;
  return names.map((name) => name.slice(KIND.length));
}

/** The manifest without its event triggers. */
export function manifestWithoutEventTriggers(manifest: Manifest): Manifest {
  const objects = Object.entries(manifest.objects).filter(([name]) => !name.startsWith(KIND));
  return { ...manifest, objects: Object.fromEntries(objects) };
}
