import { type Tier, TIERS } from "../../planning/tiers.ts";

/** A tier beyond the objectives: yearly backups, kept and locked for ten years. */
export function decade(keptDays = 3653): Tier {
  const [annual] = TIERS.filter(({ name }) => name === "annual");
  return { ...annual!, name: "decade", prefix: "decade/", keptDays, lockDays: keptDays };
}
