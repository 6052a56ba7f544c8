import { sep } from "node:path";
import TestSequencer from "@jest/test-sequencer";

/**
 * What takes longest, first: one that comes last runs alone. Those that keep both cores busy (the engine's) and those that mostly
 * wait take turns, so that the two workers have one of each.
 */
const FIRST = [
  ...["e2e/interruption", "faults/network", "faults/migrations", "e2e/scenarios", "faults/serverKills"],
  ...["e2e/standby", "faults/runnerKills", "e2e/drill", "faults/storms", "recovery/backup/rows"],
  ...["program/standby", "recovery/restore/inPlace/replace", "recovery/site/resumeUpdate"],
  ...["recovery/restore/tables/restoreTables", "lab/sandbox/plugins/aws", "faults/changes", "policies/check"],
  ...["recovery/restore/byHand", "cli/plan", "faults/objects", "provider/recovery/engine", "recovery/majors"],
].map((name) => `${sep}tests${sep}${name.replaceAll("/", sep)}.test.ts`);

/** Jest's own order, which knows of sizes and of what failed last time, behind those. */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = FIRST.findIndex((name) => path.endsWith(name));
      return at === -1 ? FIRST.length : at;
    };
    return super.sort(tests).sort((a, b) => rank(a) - rank(b));
  }
}
