import { z } from "zod";

import { UserError } from "../../services/common/errors.ts";
import type { ResourceHandler } from "../host/index.ts";
import { changedInputs } from "./changes.ts";
import type { RecoveryContext } from "./context.ts";

const ids = z.record(z.string(), z.string());
const inputs = z.strictObject({
  stack: z.string().min(1),
  parts: z.array(z.string().min(1)),
  /** Set by `castchat-recovery adopt` only. */
  imports: ids.optional(),
});

type Inputs = z.infer<typeof inputs>;
interface Outputs {
  ids: Record<string, string>;
}

/**
 * `recovery:index:Adoption`: what `castchat-recovery adopt` has brought into a stack's state, by name and id. It has nothing outside the state. A
 * managed resource that is not in it is refused, in the preview too: the engine would plan to create it.
 */
export const adoption: ResourceHandler<RecoveryContext, Inputs, Outputs> = {
  inputs,
  diff(_context, { inputs: last, outputs }, news, unknownKeys) {
    const { stack = last.stack, parts = last.parts, imports } = news;
    refuseOthers(stack, parts, { ...outputs.ids, ...imports });
    // Only `castchat-recovery adopt` gives imports, and a program without them is no change.
    const changes = changedInputs(last, news, unknownKeys, ["stack", "parts", "imports"]);
    return { replaces: [], changes: changes.filter((key) => key !== "imports" || imports !== undefined) };
  },
  // A preview apart from the state imports nothing, and plans everything as new.
  foresee(_context, { stack, parts, imports }, last) {
    if (last === undefined && imports === undefined) refuseOthers(stack, parts, {});
    return Promise.resolve(adopted(parts, last, imports));
  },
  create(_context, { stack, parts, imports = {} }) {
    refuseOthers(stack, parts, imports);
    return Promise.resolve({ id: `${stack}/adoption`, outputs: adopted(parts, undefined, imports) });
  },
  read: (_context, id, last) => Promise.resolve(last && { id, ...last }),
  update: (_context, _id, last, { parts, imports }) => Promise.resolve(adopted(parts, last, imports)),
  delete: () => Promise.resolve(),
};

function adopted(
  parts: readonly string[],
  last: { outputs: Outputs } | undefined,
  imports: Inputs["imports"],
): Outputs {
  const all = { ...last?.outputs.ids, ...imports };
  return { ids: Object.fromEntries(Object.entries(all).filter(([name]) => parts.includes(name))) };
}

function refuseOthers(stack: string, parts: readonly string[], known: Readonly<Record<string, string>>): void {
  const missing = parts.filter((name) => known[name] === undefined);
  if (missing.length === 0) return;
  const [are, them] = missing.length === 1 ? ["is", "it"] : ["are", "them"];
  throw new UserError(
    `${shortListOf(missing)} ${are} managed, but not in the state of stack ${stack}. Run \`castchat-recovery adopt -s ${stack}\`, which brings ${them} in and changes nothing. Or set ${them} to existing in Pulumi.${stack}.yaml.`,
  );
}

/** As many names as a message shows. */
const SHOWN = 5;

function shortListOf(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return names.slice(0, SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
