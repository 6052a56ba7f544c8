import type * as sdk from "@aws-sdk/client-codebuild";
import { z } from "zod";

import type { AwsContext } from "./context.ts";
import { orGone } from "./explain.ts";
import { awsRow } from "./row.ts";
import { allTags, ownTags, type TaggedOutputs, taggedOutputs, tagMap, tagsInput } from "./tags.ts";

const variableInputs = z.strictObject({
  name: z.string().min(1),
  type: z.enum(["PLAINTEXT", "SECRETS_MANAGER"]).optional(),
  value: z.string(),
});
const inputs = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][\w-]{1,149}$/, "A project's name has 2 to 150 letters, digits, - and _"),
  description: z.string().optional(),
  serviceRole: z.string().min(20),
  buildTimeout: z.number().int().min(5).max(2160).optional(),
  concurrentBuildLimit: z.number().int().min(1).optional(),
  artifacts: z.strictObject({ type: z.literal("NO_ARTIFACTS") }),
  source: z.strictObject({
    type: z.literal("S3", "The sandbox's builds take their source only from S3."),
    location: z.string().regex(/^[^/]+\/.+\/$/, "The sandbox's builds take a folder of a bucket: BUCKET/FOLDER/."),
    buildspec: z.string().min(2),
  }),
  environment: z.strictObject({
    type: z.literal("LINUX_CONTAINER"),
    computeType: z.string().min(1),
    image: z.string().min(1),
    imagePullCredentialsType: z.enum(["CODEBUILD", "SERVICE_ROLE"]).optional(),
    environmentVariables: z.array(variableInputs).optional(),
  }),
  logsConfig: z.strictObject({
    cloudwatchLogs: z.strictObject({ status: z.literal("ENABLED"), groupName: z.string().min(1) }),
  }),
  tags: tagsInput,
});
type Inputs = z.infer<typeof inputs>;

/** aws:codebuild/project:Project; its id is its ARN. */
export const project = awsRow<Inputs, TaggedOutputs>("CodeBuild Project", {
  inputs,
  autoName: { property: "name" },
  replaceOn: ["name"],
  async create(context, given) {
    const { project: made } = await context.codebuild.createProject(wanted(context, given));
    const arn = made?.arn ?? "";
    return { id: arn, outputs: taggedOutputs(context, arn, given) };
  },
  async read(context, id, last) {
    const { projects } = await context.codebuild.batchGetProjects({ names: [nameIn(id)] });
    const found = projects?.[0];
    if (found === undefined) return undefined;
    const before = last?.inputs;
    const tags = ownTags(
      context,
      tagMap(found.tags?.map(({ key: Key, value: Value }) => ({ Key, Value }))),
      before?.tags,
    );
    const { name, description, serviceRole, concurrentBuildLimit, artifacts, source, environment, logsConfig } = found;
    // The service returns the inputs with their own types; what it adds shows as drift.
    const actual = {
      name,
      ...((description !== "" || before?.description !== undefined) && { description }),
      serviceRole,
      buildTimeout: found.timeoutInMinutes,
      ...(concurrentBuildLimit !== undefined && { concurrentBuildLimit }),
      artifacts,
      source,
      environment,
      logsConfig: { cloudwatchLogs: logsConfig?.cloudWatchLogs },
      ...(tags !== undefined && { tags }),
    } as Inputs;
    return { id, inputs: actual, outputs: taggedOutputs(context, found.arn ?? id, actual) };
  },
  async update(context, id, _olds, news) {
    await context.codebuild.updateProject(wanted(context, news));
    return taggedOutputs(context, id, news);
  },
  async delete({ codebuild }, id) {
    // As in the real service, deleting a missing project is not an error.
    await orGone(codebuild.deleteProject({ name: nameIn(id) }));
  },
});

function wanted(
  context: AwsContext,
  { buildTimeout, tags, logsConfig, ...given }: Inputs,
): sdk.CreateProjectCommandInput {
  return {
    ...given,
    logsConfig: { cloudWatchLogs: logsConfig.cloudwatchLogs },
    ...(buildTimeout !== undefined && { timeoutInMinutes: buildTimeout }),
    tags: Object.entries(allTags(context, tags)).map(([key, value]) => ({ key, value })),
  } as sdk.CreateProjectCommandInput;
}

function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}
