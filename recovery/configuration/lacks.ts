import type { LeftOut } from "../postgres/catalog/leftOut.ts";
import type { MissingPart, UnsealedVariables } from "../vault/configurationPart.ts";

/** A missing part as what a backup does not hold. */
export function lackOf({ part, reason }: MissingPart): LeftOut {
  return { what: `the configuration's part ${part}`, why: reason, failed: true };
}

/** Variables without a value as what a backup does not hold. It fails no run: only a person has the values. */
export function unsealedLack({ project, names }: UnsealedVariables): LeftOut {
  return {
    what: `values of the variables ${names.join(", ")} of project ${project}`,
    why: "the app host never shows them, and they are not sealed: write them to a file with `castchat-recovery env pull FILE`, fill it in, and seal it with `castchat-recovery env import FILE`",
  };
}
