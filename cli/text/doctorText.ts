import { CATEGORIES, type Finding, STATES } from "../../recovery/doctor/check.ts";
import type { Verdict } from "../../recovery/doctor/verdict.ts";

const WIDTH = Math.max(...STATES.map((state) => state.length));

/** The lines of an examination by category, with what to do below each that is not ok, and the verdict last. */
export function doctorLines(findings: readonly Finding[], verdict: Verdict): string[] {
  const categories = CATEGORIES.filter((category) => findings.some((one) => one.category === category));
  return [
    ...categories.flatMap((category) => [
      category,
      ...findings.filter((one) => one.category === category).flatMap(linesOf),
      "",
    ]),
    verdict.sentence,
  ];
}

function linesOf({ state, about, says, fix, docs }: Finding): string[] {
  const indent = " ".repeat(WIDTH + 4);
  return [
    `  ${state.padEnd(WIDTH)}  ${about}: ${says}`,
    ...(fix === undefined ? [] : [`${indent}To mend it: ${fix}`]),
    ...(state === "warning" || state === "failed" ? [`${indent}See ${docs}`] : []),
  ];
}
