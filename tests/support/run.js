import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

const SANDBOX = join(import.meta.dirname, "..", "..", ".sandbox");
const PREFIX = "tests-run-";
const ON_DEMAND = join(import.meta.dirname, "onDemand.js");

/** Before all suites: creates a folder for what they share (sharedCloud.ts), named by this process. Removes what a killed run has left. */
export default function setUp() {
  mkdirSync(SANDBOX, { recursive: true });
  for (const name of readdirSync(SANDBOX).filter((one) => one.startsWith(PREFIX))) {
    if (!isAlive(Number(name.slice(PREFIX.length)))) tearDownRun(join(SANDBOX, name));
  }
  const folder = join(SANDBOX, `${PREFIX}${process.pid}`);
  mkdirSync(folder);
  process.env["CASTCHAT_TEST_RUN"] = folder;
  process.env["NODE_OPTIONS"] = `${process.env["NODE_OPTIONS"] ?? ""} --import ${JSON.stringify(ON_DEMAND)}`;
}

/** Stops what the suites of a run shared, and removes its folder. */
export function tearDownRun(folder) {
  const cloud = join(folder, "cloud.json");
  if (existsSync(cloud)) {
    const { pid } = JSON.parse(readFileSync(cloud, "utf8"));
    // Its helpers are in its process group.
    if (isAlive(pid)) process.kill(-pid, "SIGKILL");
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
