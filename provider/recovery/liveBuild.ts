import { z } from "zod";

import type { BuildSettings } from "../../services/appHost/buildSettings.ts";
import { APP_BUILD } from "../../settings/appBuild.ts";
import type { FunctionHandler } from "../host/definition.ts";
import type { RecoveryContext } from "./context.ts";

const args = z.strictObject({
  /** The live app's project. */
  projectName: z.string().min(1),
  build: APP_BUILD,
});

/** The settings of a live build whose absence changes what a recovery builds. Regions differ on purpose, and a version of Node there always is. */
const BUILT_BY = ["framework", "rootDirectory", "buildCommand", "installCommand", "outputDirectory"] as const;

/**
 * `recovery:index:liveBuild`: how the settings differ from the live project of an app, in words; empty if they don't, or if the token does not
 * see that project. Looks only.
 */
export const liveBuild: FunctionHandler<RecoveryContext, z.infer<typeof args>> = {
  inputs: args,
  async invoke(context, { projectName, build }, signal) {
    const appHost = context.peerAppHost();
    const exported = await appHost.exportProject(projectName, signal);
    return { differences: exported === undefined ? [] : differences(appHost.buildSettingsIn(exported), build) };
  },
};

function differences(live: BuildSettings, wanted: BuildSettings): string[] {
  const compared = wanted.nodeVersion === undefined ? BUILT_BY : [...BUILT_BY, "nodeVersion" as const];
  return compared
    .filter((key) => live[key] !== wanted[key])
    .map((key) => `${key} is ${shown(wanted[key])}, and ${shown(live[key])} in the live project`);
}

function shown(value: string | undefined): string {
  return value === undefined ? "not set" : JSON.stringify(value);
}
