import * as pulumi from "@pulumi/pulumi";

import type { AppBuild } from "../../settings/appBuild.ts";
import { invocationFault } from "./invocationFault.ts";

/**
 * Warns if the settings build an app otherwise than its live project does. A standby looks in each preview, so that a changed project is not
 * found out in an emergency.
 */
export async function compareLiveBuild(
  args: { readonly projectName: string; readonly build: AppBuild },
  resource: pulumi.Resource,
  opts: pulumi.InvokeOptions,
): Promise<void> {
  const { projectName } = args;
  const warn = (text: string) => pulumi.log.warn(text, resource);
  try {
    const answer = (await pulumi.runtime.invoke("recovery:index:liveBuild", { ...args }, opts)) as Answer;
    const { differences = [] } = answer;
    if (differences.length > 0)
      await warn(
        `A recovery would not build the app as ${projectName} is built: ${differences.join("; ")}. Correct build of the app in castchat-recovery:apps.`,
      );
  } catch (error) {
    await warn(`Whether the app's build settings are those of ${projectName} is not known: ${invocationFault(error)}`);
  }
}

interface Answer {
  differences?: string[];
}
