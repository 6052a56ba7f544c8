import type { ListedRepository } from "../../services/codeHost/codeHost.ts";
import type { ChosenApp } from "./chooseApps.ts";
import type { Decisions } from "./decisions.ts";

const OWNER = /^[A-Za-z0-9][A-Za-z0-9-]{0,38}$/;

/**
 * The mirrors of the apps' repositories, all of one owner, by the repository's full name. Undefined after a fault. The standby creates
 * them, so none of them may be there yet.
 */
export async function mirrorsFor(
  apps: readonly ChosenApp[],
  repositories: readonly ListedRepository[],
  given: string | undefined,
  decisions: Decisions,
): Promise<ReadonlyMap<string, string> | undefined> {
  const sources = [...new Set(apps.map(({ repository }) => repository))];
  const [first] = sources;
  if (first === undefined) return undefined;
  const owner = await decisions.one(
    {
      what: "Which GitHub owner are the mirrors of the code created under? Another one than the app's is safer.",
      option: "--mirror-owner",
      preset: first.slice(0, first.indexOf("/")),
      isCertain: true,
      check: (text) => {
        if (!OWNER.test(text)) return "is no name of an owner at GitHub.";
        const there = [...mirrorNames(sources, text).values()].find((mirror) =>
          repositories.some(({ fullName }) => fullName.toLowerCase() === mirror.toLowerCase()),
        );
        return there && `has a repository ${there} already, which the standby would have to create; choose another.`;
      },
    },
    given,
  );
  return owner === undefined ? undefined : mirrorNames(sources, owner);
}

/** Beside the original a mirror's name ends in `-mirror`; of two originals with one name, the later one's begins with its owner. */
function mirrorNames(sources: readonly string[], owner: string): Map<string, string> {
  const names = new Map<string, string>();
  for (const source of sources) {
    const [of = "", name = ""] = source.split("/");
    const plain = of.toLowerCase() === owner.toLowerCase() ? `${owner}/${name}-mirror` : `${owner}/${name}`;
    const isTaken = [...names.values()].some((other) => other.toLowerCase() === plain.toLowerCase());
    names.set(source, isTaken ? `${owner}/${of}-${name}` : plain);
  }
  return names;
}
