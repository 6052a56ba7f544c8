import type { AliasListEntry, KeySpec } from "@aws-sdk/client-kms";
import { z } from "zod";

import { providerFunction } from "../../../../provider/host/index.ts";
import type { AwsContext } from "./context.ts";
import { orGone, orUndo } from "./explain.ts";
import { awsRow, sameDocument } from "./row.ts";
import { allTags, ownTags, tagChanges, type TaggedOutputs, taggedOutputs, tagMap, tagsInput } from "./tags.ts";

const keyInputs = z.strictObject({
  description: z.string().optional(),
  enableKeyRotation: z.boolean().optional(),
  keyUsage: z.enum(["ENCRYPT_DECRYPT", "SIGN_VERIFY", "GENERATE_VERIFY_MAC"]).optional(),
  customerMasterKeySpec: z.string().optional(),
  deletionWindowInDays: z.number().int().min(7).max(30).optional(),
  policy: z.string().optional(),
  multiRegion: z.boolean().optional(),
  isEnabled: z.boolean().optional(),
  tags: tagsInput,
});
type KeyInputs = z.infer<typeof keyInputs>;
type KeyOutputs = TaggedOutputs & { keyId: string };

/** aws:kms/key:Key */
export const key = awsRow<KeyInputs, KeyOutputs>("KMS Key", {
  inputs: keyInputs,
  replaceOn: ["keyUsage", "customerMasterKeySpec", "multiRegion"],
  async create(context, given) {
    const tags = Object.entries(allTags(context, given.tags));
    const { KeyMetadata: made } = await context.kms.createKey({
      Description: given.description,
      KeyUsage: given.keyUsage,
      KeySpec: given.customerMasterKeySpec as KeySpec | undefined,
      Policy: given.policy,
      MultiRegion: given.multiRegion,
      Tags: tags.map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
    });
    const keyId = made?.KeyId ?? "";
    const { kms } = context;
    await orUndo(
      async () => {
        if (given.enableKeyRotation === true) await kms.enableKeyRotation({ KeyId: keyId });
        if (given.isEnabled === false) await kms.disableKey({ KeyId: keyId });
      },
      () => kms.scheduleKeyDeletion({ KeyId: keyId, PendingWindowInDays: 7 }),
    );
    return { id: keyId, outputs: keyOutputs(context, keyId, made?.Arn, given) };
  },
  async read(context, id, last) {
    const { kms } = context;
    const found = (await orGone(kms.describeKey({ KeyId: id })))?.KeyMetadata;
    if (found === undefined || found.KeyState === "PendingDeletion") return undefined;
    const symmetric = found.KeySpec === "SYMMETRIC_DEFAULT";
    const rotation = symmetric ? await kms.getKeyRotationStatus({ KeyId: id }) : undefined;
    const policy = await kms.getKeyPolicy({ KeyId: id, PolicyName: "default" });
    const listed = await kms.listResourceTags({ KeyId: id });
    const tags = tagMap(listed.Tags?.map(({ TagKey, TagValue }) => ({ Key: TagKey, Value: TagValue })));
    const before = last?.inputs;
    const asked = (name: keyof KeyInputs) => before === undefined || name in before;
    const rotated = rotation?.KeyRotationEnabled ?? false;
    const own = ownTags(context, tags, before?.tags);
    const actual: KeyInputs = {
      ...(found.Description !== undefined &&
        (found.Description !== "" || asked("description")) && { description: found.Description }),
      ...((rotated || asked("enableKeyRotation")) && { enableKeyRotation: rotated }),
      ...(asked("keyUsage") && { keyUsage: keyInputs.shape.keyUsage.parse(found.KeyUsage) }),
      ...(asked("customerMasterKeySpec") && { customerMasterKeySpec: found.KeySpec }),
      ...(before?.deletionWindowInDays !== undefined && { deletionWindowInDays: before.deletionWindowInDays }),
      ...(asked("policy") && { policy: sameDocument(policy.Policy, before?.policy) }),
      ...(asked("multiRegion") && { multiRegion: found.MultiRegion ?? false }),
      ...((found.Enabled === false || asked("isEnabled")) && { isEnabled: found.Enabled ?? true }),
      ...(own !== undefined && { tags: own }),
    };
    return { id, inputs: actual, outputs: keyOutputs(context, id, found.Arn, actual) };
  },
  async update(context, id, { inputs: olds, outputs }, news) {
    const { kms } = context;
    const KeyId = id;
    if (news.description !== olds.description) {
      await kms.updateKeyDescription({ KeyId, Description: news.description ?? "" });
    }
    if (news.policy !== undefined && news.policy !== olds.policy) {
      await kms.putKeyPolicy({ KeyId, PolicyName: "default", Policy: news.policy });
    }
    if ((news.isEnabled ?? true) !== (olds.isEnabled ?? true)) {
      await (news.isEnabled === false ? kms.disableKey({ KeyId }) : kms.enableKey({ KeyId }));
    }
    if ((news.enableKeyRotation ?? false) !== (olds.enableKeyRotation ?? false)) {
      await (news.enableKeyRotation === true ? kms.enableKeyRotation({ KeyId }) : kms.disableKeyRotation({ KeyId }));
    }
    const { set, removed } = tagChanges(context, olds, news);
    const Tags = Object.entries(set).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
    if (Tags.length > 0) await kms.tagResource({ KeyId, Tags });
    if (removed.length > 0) await kms.untagResource({ KeyId, TagKeys: removed });
    return keyOutputs(context, id, outputs.arn, news);
  },
  async delete({ kms }, id, { inputs }) {
    const PendingWindowInDays = inputs.deletionWindowInDays ?? 30;
    await orGone(kms.scheduleKeyDeletion({ KeyId: id, PendingWindowInDays }));
  },
});

function keyOutputs(context: AwsContext, keyId: string, arn: string | undefined, given: KeyInputs): KeyOutputs {
  return { ...taggedOutputs(context, arn ?? "", given), keyId };
}

const aliasInputs = z.strictObject({
  name: z.string().regex(/^alias\/[\w/-]+$/, "An alias begins with alias/."),
  targetKeyId: z.string().min(1),
});

/** aws:kms/alias:Alias */
export const alias = awsRow("KMS Alias", {
  inputs: aliasInputs,
  autoName: { property: "name", prefix: "alias/" },
  replaceOn: ["name"],
  async create(context, given: z.infer<typeof aliasInputs>) {
    await context.kms.createAlias({ AliasName: given.name, TargetKeyId: given.targetKeyId });
    return { id: given.name, outputs: aliasOutputs(context, given) };
  },
  async read(context, id, last) {
    const found = await findAlias(context, id);
    if (found?.TargetKeyId === undefined) return undefined;
    const before = last?.inputs.targetKeyId;
    // The program may name the key by its ARN; the service answers with its id.
    const same = before?.endsWith(found.TargetKeyId) === true;
    const inputs = { name: id, targetKeyId: same ? before : found.TargetKeyId };
    return { id, inputs, outputs: aliasOutputs(context, inputs) };
  },
  async update(context, id, _olds, news) {
    await context.kms.updateAlias({ AliasName: id, TargetKeyId: news.targetKeyId });
    return aliasOutputs(context, news);
  },
  async delete({ kms }, id) {
    await orGone(kms.deleteAlias({ AliasName: id }));
  },
});

async function findAlias({ kms }: AwsContext, name: string): Promise<AliasListEntry | undefined> {
  for await (const page of kms.paginateListAliases()) {
    const found = page.Aliases?.find(({ AliasName }) => AliasName === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function aliasOutputs({ region, accountId }: AwsContext, { name, targetKeyId }: { name: string; targetKeyId: string }) {
  const prefix = `arn:aws:kms:${region}:${accountId}`;
  const targetKeyArn = targetKeyId.startsWith("arn:") ? targetKeyId : `${prefix}:key/${targetKeyId}`;
  return { arn: `${prefix}:${name}`, targetKeyArn, region };
}

/** aws:kms/getPublicKey:getPublicKey */
export const getPublicKey = providerFunction<AwsContext, { keyId: string }>({
  inputs: z.strictObject({ keyId: z.string().min(1) }),
  async invoke({ kms, region }, { keyId }, abortSignal) {
    const found = await kms.getPublicKey({ KeyId: keyId }, { abortSignal });
    const publicKey = Buffer.from(found.PublicKey ?? []).toString("base64");
    const lines = publicKey.match(/.{1,64}/g) ?? [];
    return {
      arn: found.KeyId,
      id: found.KeyId,
      keyId,
      customerMasterKeySpec: found.KeySpec,
      keyUsage: found.KeyUsage,
      encryptionAlgorithms: found.EncryptionAlgorithms ?? [],
      signingAlgorithms: found.SigningAlgorithms ?? [],
      publicKey,
      publicKeyPem: ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----", ""].join("\n"),
      region,
    };
  },
});
