import { tearDownRun } from "./run.js";

/** After all suites. */
export default function tearDown() {
  tearDownRun(process.env["CASTCHAT_TEST_RUN"]);
}
