import { relative } from "node:path";

import TestSequencer from "@jest/test-sequencer";

import { readTimes } from "./times.js";

/** Longest suite first, by the times that `make test-times` has stored: a long suite at the end would leave a worker idle. */
export default class LongestFirst extends TestSequencer {
  #seconds = readTimes();

  sort(tests) {
    const secondsOf = ({ path, context }) => this.#seconds[relative(context.config.rootDir, path)] ?? 0;
    return super.sort(tests).sort((a, b) => secondsOf(b) - secondsOf(a));
  }
}
