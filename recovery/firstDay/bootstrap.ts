import { deployerRoleName, keyAlias, type Site, stateBucketName } from "../../planning/names.ts";
import type { AwsAccount, Caller } from "../../services/aws/awsAccount.ts";
import type { Settled } from "../../services/aws/ownership.ts";
import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import { deployerTrust, secretsKeyPolicy, stateBucketPolicy, stateOwners } from "./bootstrapPolicies.ts";
import { deployerRights } from "./deployerRights.ts";

/** What `bootstrap` works with. */
export interface BootstrapOptions {
  readonly site: Site;
  /** The setting `deployerArns`. */
  readonly deployerArns: readonly string[] | undefined;
  /** ARNs that may assume the deployers' role, beside principals with its tag. @default - those that may already */
  readonly trusted?: readonly string[] | undefined;
  readonly account: AwsAccount;
  /** Stands for AWS. @default - AWS's own */
  readonly endpoint?: string | undefined;
  readonly reporter: Reporter;
  readonly signal?: AbortSignal | undefined;
}

/** One thing that a stack needs before its first `pulumi up`. */
export interface Foundation {
  /** What it is, in words. */
  readonly what: string;
  readonly name: string;
  readonly done: Settled;
  /** The commands that remove it. */
  readonly remove: readonly string[];
}

/** What `bootstrap` has made or found. */
export interface BootstrapResult {
  readonly foundations: readonly Foundation[];
  /** For `PULUMI_BACKEND_URL`. */
  readonly backendUrl: string;
  /** For `pulumi stack init --secrets-provider`. */
  readonly secretsProvider: string;
  /** Whether the caller may use what was made; otherwise only as a deployer. */
  readonly isOwner: boolean;
  readonly caller: Caller;
}

/**
 * Makes the bucket of a stack's state, the key of its secrets and the role of its deployers, in its own account and region. What is there
 * with this program's tag is brought to what is wanted; what is there without it is refused. May be interrupted and repeated.
 */
export async function bootstrap(options: BootstrapOptions): Promise<BootstrapResult> {
  const { site, deployerArns, trusted, account, endpoint, reporter, signal } = options;
  const caller = await account.caller();
  if (caller.accountId !== site.accountId)
    throw new UserError(
      `The AWS credentials are of account ${caller.accountId}, but the stack is in ${site.accountId} (awsAccountId): nothing was made. Use credentials of that account, or correct the setting.`,
    );
  const owners = stateOwners(site, deployerArns);
  // Of the account and not of the stack, since both stacks may share it.
  const ofProject = { key: MARK_KEY, value: site.project };
  const ofStack = { key: MARK_KEY, value: `${site.project}/${site.role}` };
  const role = deployerRoleName(site);
  const rightsName = `${site.role}-${site.region}`;
  const [bucket, alias] = [stateBucketName(site), keyAlias(site, "secrets")];

  reporter(`Role ${role}`);
  const ofRole = await account.role({
    name: role,
    description: `Deploys the stacks of ${site.project} in this account`,
    trust: JSON.stringify(deployerTrust(site, trusted ?? [])),
    changesTrust: trusted !== undefined,
    rights: { name: rightsName, policy: JSON.stringify(deployerRights(site)) },
    mark: ofProject,
  });
  signal?.throwIfAborted();
  reporter(`Key ${alias}`);
  const ofKey = await account.key({
    alias,
    description: `Encrypts the secrets of the ${site.role} stack of ${site.project}`,
    policy: JSON.stringify(secretsKeyPolicy(site, owners)),
    mark: ofStack,
  });
  signal?.throwIfAborted();
  reporter(`Bucket ${bucket}`);
  const policy = JSON.stringify(stateBucketPolicy(site, owners));
  const ofBucket = await account.bucket({ name: bucket, accountId: site.accountId, policy, mark: ofStack });

  const at = `--region ${site.region}`;
  // The parameters of the Go library that the engine opens both with: https://pkg.go.dev/gocloud.dev/aws#V2ConfigFromURLParams and
  // https://pkg.go.dev/gocloud.dev/blob/s3blob#URLOpener.
  const query = `region=${site.region}&awssdk=v2${endpoint === undefined ? "" : `&endpoint=${endpoint}`}`;
  return {
    foundations: [
      {
        what: "role of the deployers",
        name: role,
        done: ofRole,
        remove: [
          `aws iam delete-role-policy --role-name ${role} --policy-name ${rightsName}`,
          `aws iam delete-role --role-name ${role}`,
        ],
      },
      {
        what: "key of the secrets",
        name: `${alias} (${ofKey.arn})`,
        done: ofKey,
        remove: [
          `aws kms delete-alias --alias-name ${alias} ${at}`,
          `aws kms schedule-key-deletion --key-id ${ofKey.arn} --pending-window-in-days 30 ${at}`,
        ],
      },
      {
        what: "bucket of the state",
        name: bucket,
        done: ofBucket,
        remove: [`aws s3api delete-bucket --bucket ${bucket} ${at}`],
      },
    ],
    backendUrl: `s3://${bucket}?${query}${endpoint === undefined ? "" : "&use_path_style=true"}`,
    secretsProvider: `awskms://${alias}?${query}`,
    isOwner: owners.some((pattern) => isMeant(pattern, caller.arn)),
    caller,
  };
}

const MARK_KEY = "castchat-recovery:bootstrap";

/** Whether a pattern of ARNs means a caller. STS shows a session of a role by the role's name, without its path. */
function isMeant(pattern: string, caller: string): boolean {
  const session = /^arn:aws[a-z-]*:sts::(\d+):assumed-role\/([^/]+)\//.exec(caller);
  const [plain, arn] =
    session === null
      ? [pattern, caller]
      : [pattern.replace(/:role\/.*\//, ":role/"), `arn:aws:iam::${session[1] ?? ""}:role/${session[2] ?? ""}`];
  const text = plain
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${text}$`).test(arn);
}
