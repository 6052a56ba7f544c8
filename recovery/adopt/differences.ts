import { visible } from "../../services/common/visibleText.ts";
import type { PreviewStep } from "../pulumi/pulumiSteps.ts";

/** Steps that change nothing. */
const QUIET: ReadonlySet<string> = new Set(["same", "read", "refresh"]);
/** As much of a value as a line shows. */
const SHOWN = 60;

/** What a preview would change of some resources, a line a property: its value at the service, and the program's. */
export function differencesIn(steps: readonly PreviewStep[], isOurs: (urn: string) => boolean): string[] {
  return steps
    .filter(({ op, urn }) => !QUIET.has(op) && isOurs(urn))
    .flatMap((step) => {
      const name = step.urn.split("::").at(-1) ?? step.urn;
      const paths = Object.keys(step.detailedDiff ?? {});
      const changed = paths.length > 0 ? paths : (step.diffReasons ?? []);
      if (changed.length === 0) return [`${name}: ${step.op}`];
      return changed.map((path) => {
        const [live, declared] = [step.oldState?.inputs, step.newState?.inputs].map((one) => shown(valueAt(one, path)));
        return `${name}.${path}: live ${live}, declared ${declared}`;
      });
    });
}

/** The value at a property path, such as `gitRepository.repo` or `tags[0]`. */
function valueAt(values: unknown, path: string): unknown {
  const steps = path.split(/[.[\]]+/).filter((one) => one !== "");
  return steps.reduce<unknown>((value, key) => (value as Record<string, unknown> | null | undefined)?.[key], values);
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "not set";
  const text = JSON.stringify(value);
  return visible(text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
}
