import {
  BatchGetBuildsCommand,
  type Build,
  CodeBuildClient,
  ListBuildsForProjectCommand,
  StartBuildCommand,
} from "@aws-sdk/client-codebuild";
import { z } from "zod";

import { type AwsPlace, endedBy, explainedCall, shortCalls } from "../aws/awsCalls.ts";
import { nameOf } from "../aws/awsErrors.ts";

const TASK = z
  .object({
    /** Blob id of the source's listing. */
    wanted: z.string(),
    /** What the mirrors had seen when it was asked for: another value later means that they have moved since. */
    had: z.string(),
    /** Since when the mirror is behind at the latest: ISO time. */
    since: z.iso.datetime(),
    /** Builds that were asked for this listing, with this one. */
    attempts: z.number().int().min(1),
  })
  .readonly();
const MIRROR_JOB = z.record(z.string(), TASK).readonly();

/** One repository of a build's job. */
export type MirrorTask = z.output<typeof TASK>;
/** What a mirror build was asked for: of each repository, what the source showed. */
export type MirrorJob = z.output<typeof MIRROR_JOB>;

/** A mirror build, as far as the decision needs it. */
export interface MirrorBuild {
  readonly startedAt: Date;
  /** Absent while it runs. */
  readonly endedAt?: Date | undefined;
  /** Undefined if it was asked for every repository, as one that was started by hand. */
  readonly job: MirrorJob | undefined;
}

/** The builds that mirror. Errors of set-up or network are UserErrors. */
export interface MirrorBuilds {
  /** The last ones, newest first. */
  newest(signal: AbortSignal): Promise<MirrorBuild[]>;
  /** False if another one has begun meanwhile. */
  start(job: MirrorJob, signal: AbortSignal): Promise<boolean>;
}

/** The variable of a mirror build that holds its job as JSON. Without it the build mirrors every repository. */
export const MIRROR_JOB_VARIABLE = "MIRROR_JOB";
/**
 * What a page of ListBuildsForProject and one BatchGetBuilds hold at most.
 * Source: https://docs.aws.amazon.com/codebuild/latest/APIReference/API_BatchGetBuilds.html
 */
const MOST_BUILDS = 100;

/**
 * The mirror builds of a CodeBuild project, whose own limit of one build at a time decides between two starts. A build's record of its environment
 * keeps the job. If a record did not show it, the build would count as one of all repositories: mirrors would stay as current, and only the
 * waits after failures would be shorter.
 */
export function awsMirrorBuilds({ project, ...at }: AwsPlace & { readonly project: string }): MirrorBuilds {
  const codebuild = new CodeBuildClient(shortCalls(at));
  const asked = <T>(answer: Promise<T>, signal: AbortSignal): Promise<T> =>
    explainedCall(
      answer,
      { service: "CodeBuild", region: at.region, endpoint: at.endpoint, subject: `the mirror builds of "${project}"` },
      signal,
    );
  return {
    async newest(signal) {
      const list = new ListBuildsForProjectCommand({ projectName: project, sortOrder: "DESCENDING" });
      const { ids = [] } = await asked(codebuild.send(list, endedBy(signal)), signal);
      if (ids.length === 0) return [];
      const get = new BatchGetBuildsCommand({ ids: ids.slice(0, MOST_BUILDS) });
      const { builds = [] } = await asked(codebuild.send(get, endedBy(signal)), signal);
      return builds.map(buildOf).sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime());
    },
    async start(job, signal) {
      const value = JSON.stringify(job);
      const command = new StartBuildCommand({
        projectName: project,
        environmentVariablesOverride: [{ name: MIRROR_JOB_VARIABLE, type: "PLAINTEXT", value }],
      });
      try {
        await asked(codebuild.send(command, endedBy(signal)), signal);
        return true;
      } catch (error) {
        if (nameOf(error) === "AccountLimitExceededException") return false;
        throw error;
      }
    },
  };
}

/** The job in a build's variable. Throws a ZodError or a SyntaxError if it is another text. */
export function mirrorJobIn(value: string): MirrorJob {
  return MIRROR_JOB.parse(JSON.parse(value));
}

function buildOf({ startTime, endTime, buildStatus, environment }: Build): MirrorBuild {
  if (startTime === undefined) throw new Error("AWS's answer lacks a build's start.");
  const variable = environment?.environmentVariables?.find(({ name }) => name === MIRROR_JOB_VARIABLE);
  return {
    startedAt: startTime,
    endedAt: buildStatus === "IN_PROGRESS" ? undefined : (endTime ?? startTime),
    job: variable?.value === undefined ? undefined : mirrorJobIn(variable.value),
  };
}
