import { IAM } from "@aws-sdk/client-iam";

import { type AwsPlace, shortCalls } from "./awsCalls.ts";
import { isSamePolicy, type Mark, refuseUnmarked, settle, type Settled, tagsBy, unless } from "./ownership.ts";

/** A role as it shall be. */
export interface OwnRole {
  readonly name: string;
  readonly description: string;
  /** Who may assume it, as JSON. */
  readonly trust: string;
  /** Whether the trust of a role that is there is changed, too. */
  readonly changesTrust: boolean;
  /** Name and JSON of the inline policy that this call decides. Others of the role stay. */
  readonly rights: { readonly name: string; readonly policy: string };
  readonly mark: Mark;
}

/** Seconds that a session of the role lasts at most: a recovery of a large database takes hours. */
const SESSION_SECONDS = 4 * 3600;

/**
 * Makes a role, or brings the settings of one with the mark to what is wanted. The mark is set with the creation.
 *
 * @throws UserError if a role of that name lacks the mark
 */
export async function ownRole(place: AwsPlace, wanted: OwnRole): Promise<Settled> {
  const { name: RoleName, description: Description, trust, changesTrust, rights, mark } = wanted;
  const iam = new IAM(shortCalls(place));
  const about = { place, service: "IAM", subject: `the role "${RoleName}"` };
  const asked = <T>(answer: Promise<T>, ...names: string[]) => unless(names, answer, about);
  try {
    const found = (await asked(iam.getRole({ RoleName }), "NoSuchEntityException", "NoSuchEntity"))?.Role;
    if (found !== undefined) {
      refuseUnmarked(`The role ${RoleName}`, mark, tagsBy(found.Tags));
    } else {
      const Tags = [{ Key: mark.key, Value: mark.value }];
      const role = { RoleName, Description, Tags, AssumeRolePolicyDocument: trust };
      await asked(iam.createRole({ ...role, MaxSessionDuration: SESSION_SECONDS }));
    }
    const changed = await settle([
      {
        name: "who may assume it",
        isRight: () =>
          Promise.resolve(
            !changesTrust || found === undefined || isSamePolicy(plain(found.AssumeRolePolicyDocument), trust),
          ),
        set: () => asked(iam.updateAssumeRolePolicy({ RoleName, PolicyDocument: trust })),
      },
      {
        name: `its rights (${rights.name})`,
        isRight: async () => {
          const inline = { RoleName, PolicyName: rights.name };
          const policy = await asked(iam.getRolePolicy(inline), "NoSuchEntityException", "NoSuchEntity");
          return isSamePolicy(plain(policy?.PolicyDocument), rights.policy);
        },
        set: () => asked(iam.putRolePolicy({ RoleName, PolicyName: rights.name, PolicyDocument: rights.policy })),
      },
    ]);
    return { wasThere: found !== undefined, changed: found === undefined ? [] : changed };
  } finally {
    iam.destroy();
  }
}

/** IAM answers with the document URL-encoded (RFC 3986). */
function plain(document: string | undefined): string | undefined {
  return document?.startsWith("%") ? decodeURIComponent(document) : document;
}
