import * as pulumi from "@pulumi/pulumi";

import type { ScheduledRun } from "./components/siteSchedule.ts";
import { RUNNER_TOKENS, type RunnerToken } from "./planning/runnerSettings.ts";
import { bundleRunner } from "./runner/bundle.ts";
import type { Settings } from "./settings.ts";

/**
 * What the scheduled runs are made of: the runner's code, bundled now, and the services' tokens. A token for the runs alone, with
 * fewer rights, is given as RUNNER_<NAME>; without it they get the one of this very `up`.
 */
export function scheduledRun({ runnerImage }: Settings, environment: NodeJS.ProcessEnv = process.env): ScheduledRun {
  const { path, sha256 } = bundleRunner();
  return { code: { path, sha256 }, image: runnerImage, tokens: tokensIn(environment) };
}

function tokensIn(environment: NodeJS.ProcessEnv): ScheduledRun["tokens"] {
  const tokens: Partial<Record<RunnerToken, pulumi.Output<string>>> = {};
  for (const name of RUNNER_TOKENS) {
    const value = [environment[`RUNNER_${name}`], environment[name]].find((one) => one !== undefined && one !== "");
    if (value !== undefined) tokens[name] = pulumi.secret(value);
  }
  return tokens;
}
