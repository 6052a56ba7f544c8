import { together } from "../../../services/common/pool.ts";
import { reloadApiSchema } from "../../postgres/catalog/apiCache.ts";
import type { ContentCounts } from "../../postgres/catalog/catalog.ts";
import { checkRestored, type ComparedParts } from "./restoreChecks.ts";
import { analyseTables } from "./restoreState.ts";
import type { Restoring } from "./restoring.ts";

/** The phase "checks" of a restore without rows. PromiseError if the target is not what the backup holds. */
export async function compareDefinitions(restoring: Restoring): Promise<ContentCounts> {
  return await compare(restoring, { ofRows: false }, () => Promise.resolve(undefined));
}

/** The phase "checks" of a restore with rows, which makes statistics meanwhile. PromiseError if the target is not what the backup holds. */
export async function compareEverything(
  restoring: Restoring,
  parts: Pick<ComparedParts, "ofObjects" | "orphansOf"> = {},
): Promise<ContentCounts> {
  return await compare(restoring, parts, () => analyseTables(restoring.session, restoring.manifest));
}

async function compare(
  restoring: Restoring,
  parts: ComparedParts,
  meanwhile: () => Promise<undefined>,
): Promise<ContentCounts> {
  const { session, targetUrl, applicationName, signal, acceptsBroaderRights } = restoring;
  const manifest =
    acceptsBroaderRights === true ? { ...restoring.manifest, platformRights: undefined } : restoring.manifest;
  const [counts] = await restoring.phase("checks", "Comparing every table, definition and right with the backup", () =>
    together<[ContentCounts, undefined]>(
      signal,
      (inner) =>
        checkRestored({ timing: session.timing, targetUrl, applicationName, manifest, signal: inner, ...parts }),
      meanwhile,
    ),
  );
  await reloadApiSchema(session);
  return counts;
}
