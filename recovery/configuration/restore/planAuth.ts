import type { ProjectContent } from "../../../services/databaseHost/projectContent.ts";
import { planSettings } from "./planSettings.ts";
import type { RestorePlan } from "./restorePlan.ts";

/** Which settings of an auth service are put back. */
export interface AuthWish {
  /** The project whose auth service it is. */
  ref: string;
  stored: Readonly<Record<string, unknown>>;
  /** Only these. @default - all but secrets */
  names?: readonly string[] | undefined;
}

/** Plans which settings of a project's auth service are put back. Secrets stay: the platform shows a hash in their place. */
export async function planAuth(
  content: Pick<ProjectContent, "authSettings" | "setAuthSettings" | "isSecretSetting">,
  { ref, stored, names }: AuthWish,
  signal: AbortSignal,
): Promise<RestorePlan> {
  return await planSettings(
    {
      part: "auth settings",
      item: `auth service of ${ref}`,
      stored,
      isWritable: (field) => !content.isSecretSetting(field) && (names?.includes(field) ?? true),
      read: (inner) => content.authSettings(inner),
      write: (changed, inner) => content.setAuthSettings(changed, inner),
    },
    signal,
  );
}
