import { UserError } from "../common/errors.ts";
import { type AwsPlace, explainedCall } from "./awsCalls.ts";
import { nameOf } from "./awsErrors.ts";

/** A tag that marks what this program has made outside of any stack. */
export interface Mark {
  readonly key: string;
  readonly value: string;
}

/** Tags by key. KMS has other names of the fields. */
export function tagsBy(
  tags: readonly {
    Key?: string | undefined;
    Value?: string | undefined;
    TagKey?: string | undefined;
    TagValue?: string | undefined;
  }[] = [],
): Readonly<Record<string, string | undefined>> {
  const pairs = tags.map((tag): [string, string | undefined] => [
    tag.Key ?? tag.TagKey ?? "",
    tag.Value ?? tag.TagValue,
  ]);
  return Object.fromEntries(pairs);
}

/** What was done to one thing. */
export interface Settled {
  /** Whether it was there before. */
  readonly wasThere: boolean;
  /** What was changed of a thing that was there, in words; empty if it was right. */
  readonly changed: readonly string[];
}

/** One setting of a thing that is there, which may differ from what is wanted. */
export interface Setting {
  /** In words, to follow "changed". */
  readonly name: string;
  /** Whether it is as wanted. */
  readonly isRight: () => Promise<boolean>;
  readonly set: () => Promise<unknown>;
}

/** Brings the settings of a thing to what is wanted. Returns the names of those that were changed. */
export async function settle(settings: readonly Setting[]): Promise<string[]> {
  const changed: string[] = [];
  for (const { name, isRight, set } of settings) {
    if (await isRight()) continue;
    await set();
    changed.push(name);
  }
  return changed;
}

/** Whether two policies (JSON texts) say the same. */
export function isSamePolicy(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && canonical(one) === canonical(other);
}

function canonical(text: string): string {
  return JSON.stringify(JSON.parse(text), (_key, value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
      : value,
  );
}

/** The answer, or undefined if AWS refuses by one of these names. Errors of set-up or network are UserErrors of one sentence. */
export async function unless<T>(
  names: readonly string[],
  answer: Promise<T>,
  call: { place: AwsPlace; service: string; subject: string },
): Promise<T | undefined> {
  const { place, ...about } = call;
  const tolerant = answer.catch((error: unknown) => {
    if (names.includes(nameOf(error))) return undefined;
    throw error;
  });
  return await explainedCall(tolerant, { region: place.region, endpoint: place.endpoint, ...about });
}

/** Refuses a thing that is there without this program's mark. UserError with what to do. */
export function refuseUnmarked(what: string, mark: Mark, found: Readonly<Record<string, string | undefined>>): void {
  if (found[mark.key] === mark.value) return;
  throw new UserError(
    `${what} is there already and does not have the tag ${mark.key} = ${mark.value}, so it is not this program's: nothing was changed of it. If it is, give it that tag; otherwise rename or remove it. Then run the same command again.`,
  );
}
