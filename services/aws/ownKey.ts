import { type KeyMetadata, KMS } from "@aws-sdk/client-kms";

import { UserError } from "../common/errors.ts";
import { type AwsPlace, shortCalls } from "./awsCalls.ts";
import { isSamePolicy, type Mark, refuseUnmarked, settle, type Settled, tagsBy, unless } from "./ownership.ts";

/** A key for encryption as it shall be, under its alias. */
export interface OwnKey {
  /** `alias/NAME` */
  readonly alias: string;
  readonly description: string;
  /** Policy document as JSON. */
  readonly policy: string;
  readonly mark: Mark;
}

/** The one name of a key's policy. */
const POLICY_NAME = "default";

/**
 * Makes a key and its alias, or brings the settings of a key with the mark to what is wanted. The mark is set with the creation. A key that
 * an interrupted call has left without an alias is found by it.
 *
 * @throws UserError if the alias leads to a key without the mark, or to one that is to be deleted
 */
export async function ownKey(place: AwsPlace, wanted: OwnKey): Promise<Settled & { arn: string }> {
  const { alias, description: Description, policy: Policy, mark } = wanted;
  const kms = new KMS(shortCalls(place));
  const about = { place, service: "KMS", subject: `the key "${alias}"` };
  const asked = <T>(answer: Promise<T>, ...names: string[]) => unless(names, answer, about);
  try {
    const named = (await asked(kms.describeKey({ KeyId: alias }), "NotFoundException"))?.KeyMetadata;
    if (named !== undefined) refuseUnmarked(`The key ${alias} (${named.Arn ?? ""})`, mark, await tagsOf(named));
    const left = named ?? (await withoutAlias());
    const key = left ?? (await create());
    const { Arn: arn = "", KeyId = arn, KeyState } = key;
    if (KeyState === "PendingDeletion")
      throw new UserError(
        `The key ${alias} (${arn}) is to be deleted, and with it every secret of the stack's state. To keep it, type: aws kms cancel-key-deletion --key-id ${KeyId} --region ${place.region} && aws kms enable-key --key-id ${KeyId} --region ${place.region}`,
      );
    const changed = await settle([
      {
        name: "its policy",
        isRight: async () =>
          isSamePolicy((await asked(kms.getKeyPolicy({ KeyId, PolicyName: POLICY_NAME })))?.Policy, Policy),
        set: () => asked(kms.putKeyPolicy({ KeyId, PolicyName: POLICY_NAME, Policy })),
      },
      {
        name: "its yearly rotation",
        isRight: async () => (await asked(kms.getKeyRotationStatus({ KeyId })))?.KeyRotationEnabled === true,
        set: () => asked(kms.enableKeyRotation({ KeyId })),
      },
      {
        name: "its alias",
        isRight: () => Promise.resolve(named !== undefined),
        set: () => asked(kms.createAlias({ AliasName: alias, TargetKeyId: KeyId })),
      },
    ]);
    return { arn, wasThere: left !== undefined, changed: left === undefined ? [] : changed };
  } finally {
    kms.destroy();
  }

  async function create(): Promise<KeyMetadata> {
    const Tags = [{ TagKey: mark.key, TagValue: mark.value }];
    const made = (await asked(kms.createKey({ Description, Policy, Tags })))?.KeyMetadata;
    if (made === undefined) throw new Error("KMS made a key without saying which");
    return made;
  }

  /** The key with the mark, among all of the region. Another owner's key may hide its tags, so it is not this program's. */
  async function withoutAlias(): Promise<KeyMetadata | undefined> {
    for (let Marker: string | undefined, isLast = false; !isLast;) {
      const page = await asked(kms.listKeys({ Limit: 100, ...(Marker !== undefined && { Marker }) }));
      for (const { KeyId } of page?.Keys ?? []) {
        const found = (await asked(kms.describeKey({ KeyId }), "AccessDeniedException"))?.KeyMetadata;
        if (found?.Enabled === true && (await tagsOf(found))[mark.key] === mark.value) return found;
      }
      Marker = page?.NextMarker;
      isLast = Marker === undefined;
    }
    return undefined;
  }

  async function tagsOf({ KeyId }: KeyMetadata): Promise<ReturnType<typeof tagsBy>> {
    return tagsBy((await asked(kms.listResourceTags({ KeyId }), "AccessDeniedException"))?.Tags);
  }
}
