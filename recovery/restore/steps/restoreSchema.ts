import { type MadeRoles, restoreRoles } from "../rights/restoreRoles.ts";
import { revokeDefaults } from "../rights/revokeDefaults.ts";
import type { Definitions } from "./fetchParts.ts";
import { leftOutOfDefinitions, restoreDefinitions } from "./restoreDefinitions.ts";
import { restoreExtensions } from "./restoreExtensions.ts";
import type { Restoring } from "./restoring.ts";

/**
 * The phases "extensions", "roles" and "schema": all that is made before the rows. A resumed run finds types, functions and tables
 * there. Returns the roles, and in sentences what is left out.
 *
 * @param inPlaceOf roles that the restoring one was granted before, if the restore takes the place of another state
 */
export async function restoreSchema(
  restoring: Restoring,
  { dump, roles }: Definitions,
  inPlaceOf?: { granted: readonly string[] },
): Promise<{ notes: string[]; made: MadeRoles }> {
  const { session, manifest, phase, targetUrl, applicationName, signal } = restoring;
  const ofExtensions = await phase("extensions", `Making ${manifest.extensions.length} extensions`, () =>
    restoreExtensions(session, manifest),
  );
  const made = await phase("roles", "Making the app's own roles", () => restoreRoles(session, roles, inPlaceOf));
  const definitions = { session, targetUrl, applicationName, signal, dump };
  const leftOut = restoring.isResumed
    ? await leftOutOfDefinitions(definitions)
    : await phase("schema", "Making types, functions and tables", async () => {
        await revokeDefaults(session);
        return await restoreDefinitions(definitions);
      });
  return { notes: [...ofExtensions, ...leftOut, ...made.notes], made };
}
