import type * as sdk from "@aws-sdk/client-iam";
import { z } from "zod";

import type { AwsContext } from "./context.ts";
import { orGone } from "./explain.ts";
import { awsRow, sameDocument } from "./row.ts";
import { allTags, ownTags, tagChanges, tagList, tagMap, tagsInput } from "./tags.ts";

/** Default of a session's maximum duration, in seconds. */
const DEFAULT_SESSION_SECONDS = 3600;

const roleInputs = z.strictObject({
  name: z.string().regex(/^[\w+=,.@-]{1,64}$/, "A role's name has at most 64 letters, digits and +=,.@_-"),
  assumeRolePolicy: z.string().min(2),
  description: z.string().optional(),
  path: z.string().optional(),
  maxSessionDuration: z.number().int().min(3600).max(43_200).optional(),
  tags: tagsInput,
});
type RoleInputs = z.infer<typeof roleInputs>;
interface RoleOutputs {
  arn: string;
  uniqueId: string;
  createDate: string;
  tagsAll: Record<string, string>;
}

/** aws:iam/role:Role */
export const role = awsRow<RoleInputs, RoleOutputs>("IAM Role", {
  inputs: roleInputs,
  autoName: { property: "name" },
  replaceOn: ["name", "path"],
  async create(context, given) {
    const { Role } = await context.iam.createRole({
      RoleName: given.name,
      AssumeRolePolicyDocument: given.assumeRolePolicy,
      Description: given.description,
      Path: given.path,
      MaxSessionDuration: given.maxSessionDuration,
      Tags: tagList(allTags(context, given.tags)),
    });
    return { id: given.name, outputs: roleOutputs(context, Role, given) };
  },
  async read(context, id, last) {
    const found = (await orGone(context.iam.getRole({ RoleName: id })))?.Role;
    if (found === undefined) return undefined;
    const before = last?.inputs;
    const listed = await context.iam.listRoleTags({ RoleName: id });
    const tags = ownTags(context, tagMap(listed.Tags), before?.tags);
    const document = decodeURIComponent(found.AssumeRolePolicyDocument ?? "");
    const description = found.Description ?? "";
    const seconds = found.MaxSessionDuration ?? DEFAULT_SESSION_SECONDS;
    const actual: RoleInputs = {
      name: id,
      assumeRolePolicy: sameDocument(document, before?.assumeRolePolicy) ?? "",
      ...((description !== "" || before?.description !== undefined) && { description }),
      ...((found.Path !== "/" || before?.path !== undefined) && { path: found.Path }),
      ...((seconds !== DEFAULT_SESSION_SECONDS || before?.maxSessionDuration !== undefined) && {
        maxSessionDuration: seconds,
      }),
      ...(tags !== undefined && { tags }),
    };
    return { id, inputs: actual, outputs: roleOutputs(context, found, actual) };
  },
  async update(context, id, { inputs: olds, outputs }, news) {
    const RoleName = id;
    if (news.assumeRolePolicy !== olds.assumeRolePolicy) {
      const PolicyDocument = news.assumeRolePolicy;
      await context.iam.updateAssumeRolePolicy({ RoleName, PolicyDocument });
    }
    if (news.description !== olds.description || news.maxSessionDuration !== olds.maxSessionDuration) {
      const MaxSessionDuration = news.maxSessionDuration ?? DEFAULT_SESSION_SECONDS;
      await context.iam.updateRole({ RoleName, Description: news.description ?? "", MaxSessionDuration });
    }
    const { set, removed } = tagChanges(context, olds, news);
    const Tags = tagList(set);
    if (Tags.length > 0) await context.iam.tagRole({ RoleName, Tags });
    if (removed.length > 0) await context.iam.untagRole({ RoleName, TagKeys: removed });
    const { arn, uniqueId, createDate } = outputs;
    return { arn, uniqueId, createDate, tagsAll: allTags(context, news.tags) };
  },
  async delete({ iam }, id) {
    await orGone(iam.deleteRole({ RoleName: id }));
  },
});

function roleOutputs(context: AwsContext, made: sdk.Role | undefined, { tags }: RoleInputs): RoleOutputs {
  return {
    arn: made?.Arn ?? "",
    uniqueId: made?.RoleId ?? "",
    createDate: made?.CreateDate?.toISOString() ?? "",
    tagsAll: allTags(context, tags),
  };
}

const rolePolicyInputs = z.strictObject({
  name: z.string().min(1),
  role: z.string().min(1),
  policy: z.string().min(2),
});

/** aws:iam/rolePolicy:RolePolicy; its id is `role:name`. */
export const rolePolicy = awsRow("IAM Role Policy", {
  inputs: rolePolicyInputs,
  autoName: { property: "name" },
  replaceOn: ["name", "role"],
  async create({ iam }, { name, role: RoleName, policy }: z.infer<typeof rolePolicyInputs>) {
    await iam.putRolePolicy({ RoleName, PolicyName: name, PolicyDocument: policy });
    return { id: `${RoleName}:${name}`, outputs: {} };
  },
  async read({ iam }, id, last) {
    const [RoleName = "", name = ""] = id.split(":");
    const found = await orGone(iam.getRolePolicy({ RoleName, PolicyName: name }));
    if (found?.PolicyDocument === undefined) return undefined;
    const policy = sameDocument(decodeURIComponent(found.PolicyDocument), last?.inputs.policy) ?? "";
    return { id, inputs: { name, role: RoleName, policy }, outputs: {} };
  },
  async update({ iam }, _id, _olds, { name, role: RoleName, policy }) {
    await iam.putRolePolicy({ RoleName, PolicyName: name, PolicyDocument: policy });
    return {};
  },
  async delete({ iam }, _id, { inputs: { role: RoleName, name } }) {
    await orGone(iam.deleteRolePolicy({ RoleName, PolicyName: name }));
  },
});
