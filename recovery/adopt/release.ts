import { UserError } from "../../services/common/errors.ts";
import type { Reporter } from "../../services/common/reporter.ts";
import type { Pulumi } from "../pulumi/pulumi.ts";
import { type HeldPart, heldParts, withoutParts } from "./adoptionState.ts";

/** What giving adopted parts up works with. */
export interface ReleaseOptions {
  stack: string;
  /** Projects and zones by the names that their services know. @default - everything that was adopted */
  names: readonly string[];
  pulumi: Pick<Pulumi, "exportState" | "rewriteState">;
  /** Shows what will happen, and asks. Throws to refuse. */
  agree: (lines: readonly string[]) => Promise<void>;
  reporter: Reporter;
}

/**
 * Takes adopted parts out of a stack's state, in one change of it. Their services keep everything. Returns the names of the parts; empty if the
 * state has none.
 *
 * @throws UserError for a name that the state does not have
 */
export async function releaseAdopted({ stack, names, pulumi, agree, reporter }: ReleaseOptions): Promise<string[]> {
  const held = heldParts(await pulumi.exportState());
  if (held.length === 0) return [];
  const unknown = names.filter((name) => !held.some((part) => part.name === name));
  if (unknown.length > 0)
    throw new UserError(
      `Stack ${stack} has not adopted ${unknown.join(", ")}. It has ${held.map(({ name }) => name).join(", ")}.`,
    );
  const chosen = held.filter(({ name }) => names.length === 0 || names.includes(name));
  await agree(chosen.map(lineOf));
  reporter(`Taking ${chosen.map(({ name }) => name).join(", ")} out of the state of stack ${stack}`);
  await pulumi.rewriteState((state) => withoutParts(state, chosen));
  return chosen.map(({ name }) => name);
}

function lineOf({ name, urns }: HeldPart): string {
  return `${name} leaves the state, with ${urns.length - 1} resources. Nothing of it is deleted or changed.`;
}
