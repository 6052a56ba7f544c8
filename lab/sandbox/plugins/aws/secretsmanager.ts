import { z } from "zod";

import type { AwsContext } from "./context.ts";
import { orGone } from "./explain.ts";
import { awsRow } from "./row.ts";
import { allTags, ownTags, tagChanges, type TaggedOutputs, taggedOutputs, tagList, tagMap, tagsInput } from "./tags.ts";

const secretInputs = z.strictObject({
  name: z.string().regex(/^[\w/+=.@-]{1,512}$/, "A secret's name has letters, digits and /_+=.@-"),
  description: z.string().optional(),
  kmsKeyId: z.string().optional(),
  recoveryWindowInDays: z
    .number()
    .int()
    .refine((days) => days === 0 || (days >= 7 && days <= 30), "The recovery window is 0 or 7 to 30 days.")
    .optional(),
  tags: tagsInput,
});
type SecretInputs = z.infer<typeof secretInputs>;

/** aws:secretsmanager/secret:Secret */
export const secret = awsRow<SecretInputs, TaggedOutputs>("Secrets Manager Secret", {
  inputs: secretInputs,
  autoName: { property: "name" },
  replaceOn: ["name"],
  async create(context, given) {
    const { ARN = "" } = await context.secrets.createSecret({
      Name: given.name,
      ...(given.description !== undefined && { Description: given.description }),
      ...(given.kmsKeyId !== undefined && { KmsKeyId: given.kmsKeyId }),
      Tags: tagList(allTags(context, given.tags)),
    });
    return { id: ARN, outputs: taggedOutputs(context, ARN, given) };
  },
  async read(context, id, last) {
    const found = await orGone(context.secrets.describeSecret({ SecretId: id }));
    if (found === undefined || found.DeletedDate !== undefined) return undefined;
    const before = last?.inputs;
    const description = found.Description ?? "";
    const tags = ownTags(context, tagMap(found.Tags), before?.tags);
    const actual: SecretInputs = {
      name: found.Name ?? "",
      ...((description !== "" || before?.description !== undefined) && { description }),
      ...(found.KmsKeyId !== undefined && { kmsKeyId: found.KmsKeyId }),
      ...(before?.recoveryWindowInDays !== undefined && { recoveryWindowInDays: before.recoveryWindowInDays }),
      ...(tags !== undefined && { tags }),
    };
    return { id, inputs: actual, outputs: taggedOutputs(context, found.ARN ?? id, actual) };
  },
  async update(context, id, { inputs: olds }, news) {
    if (news.description !== olds.description || news.kmsKeyId !== olds.kmsKeyId) {
      await context.secrets.updateSecret({
        SecretId: id,
        Description: news.description ?? "",
        ...(news.kmsKeyId !== undefined && { KmsKeyId: news.kmsKeyId }),
      });
    }
    const { set, removed } = tagChanges(context, olds, news);
    const Tags = tagList(set);
    if (Tags.length > 0) await context.secrets.tagResource({ SecretId: id, Tags });
    if (removed.length > 0) await context.secrets.untagResource({ SecretId: id, TagKeys: removed });
    return taggedOutputs(context, id, news);
  },
  async delete({ secrets }, id, { inputs: { recoveryWindowInDays = 30 } }) {
    const how =
      recoveryWindowInDays === 0
        ? { ForceDeleteWithoutRecovery: true }
        : { RecoveryWindowInDays: recoveryWindowInDays };
    await orGone(secrets.deleteSecret({ SecretId: id, ...how }));
  },
});

const versionInputs = z.strictObject({ secretId: z.string().min(1), secretString: z.string().min(1) });

/** aws:secretsmanager/secretVersion:SecretVersion; its id is `secret's ARN|version`. A version never changes. */
export const secretVersion = awsRow("Secrets Manager Secret Version", {
  inputs: versionInputs,
  secrets: ["secretString"],
  async create(context, { secretId, secretString }: z.infer<typeof versionInputs>) {
    const made = await context.secrets.putSecretValue({ SecretId: secretId, SecretString: secretString });
    const { ARN = "", VersionId = "" } = made;
    return { id: `${ARN}|${VersionId}`, outputs: versionOutputs(context, ARN, VersionId, made.VersionStages) };
  },
  async read(context, id, last) {
    const [arn = "", versionId = ""] = id.split("|");
    const found = await orGone(context.secrets.getSecretValue({ SecretId: arn, VersionId: versionId }));
    if (found === undefined) return undefined;
    const inputs = { secretId: last?.inputs.secretId ?? arn, secretString: found.SecretString ?? "" };
    return { id, inputs, outputs: versionOutputs(context, arn, versionId, found.VersionStages) };
  },
  // Secrets Manager deletes a version only with its secret.
  delete: () => Promise.resolve(),
});

function versionOutputs(context: AwsContext, arn: string, versionId: string, versionStages: string[] | undefined) {
  return { arn, secretArn: arn, versionId, versionStages: versionStages ?? [], region: context.region };
}
