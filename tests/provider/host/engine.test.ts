import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { until } from "../../../services/common/polling.ts";
import { TestStack } from "../../support/testStack.ts";

const PRELUDE = `
class Thing extends pulumi.CustomResource {
  constructor(name, args, opts) {
    super("tiny:index:Thing", name, { token: undefined, revision: undefined, label: undefined, name: undefined, ...args }, opts);
  }
}
class Other extends pulumi.CustomResource { constructor(name, args, opts) { super("tiny:index:Other", name, args, opts); } }
class Tiny extends pulumi.ProviderResource { constructor(name, args) { super("tiny", name, args); } }
const config = { folder: __dirname + "/things" };
const provider = new Tiny("tiny", config);
const mine = { provider };
`;

describe("a provider on the host, run by the real engine", () => {
  let stack: TestStack;
  let things: string;

  beforeAll(async () => {
    stack = await TestStack.create();
    things = join(stack.folder, "things");
    await mkdir(things);
    await stack.addPlugin("tiny", join(PROJECT_ROOT, "tests/provider/host/support/tinyProvider.ts"));
  }, 60_000);
  afterAll(() => stack.dispose());

  const thing = async (id: string) => JSON.parse(await readFile(join(things, `${id}.json`), "utf8")) as object;

  it("creates, changes nothing twice, updates, replaces, shows drift, imports and destroys", async () => {
    const program = (first: string, more = "") => `${PRELUDE}
      const a = new Thing("a", { name: "first", ${first} }, mine);
      const b = new Thing("b", { name: a.token.apply(() => "second"), colour: "green" }, mine);
      const c = new Thing("c", { password: pulumi.secret("correct horse") }, mine);
      ${more}
      exports.label = a.label; exports.name = c.name; exports.revision = a.revision;
      exports.shout = pulumi.runtime.invoke("tiny:index:shout", { text: "you" }, mine).then((r) => r.text);`;
    await stack.program(program("size: 1"));
    await stack.up();
    expect(await thing("first")).toEqual({ name: "first", colour: "red", size: 1, revision: 1 });
    const outputs = JSON.parse(await stack.must("stack", "output", "--json")) as Record<string, string>;
    expect(outputs).toMatchObject({ label: "hello first", shout: "HELLO YOU" });
    expect(outputs["name"]).toMatch(/^c-[0-9a-f]{7}$/);

    const raw = await stack.rawState();
    expect(raw).not.toContain("correct horse");
    expect(raw).not.toContain("token-of-first");

    expect(await stack.previewSummary()).toEqual({ same: 5 });

    await stack.program(program("size: 2"));
    // b's name comes from an output of a that an update may not change, so that only a changes.
    expect(await stack.previewSummary()).toEqual({ same: 4, update: 1 });
    await stack.up();
    expect(await thing("first")).toMatchObject({ size: 2, revision: 2 });

    await stack.program(program('name: "third", size: 2'));
    expect(await stack.previewSummary()).toHaveProperty("replace");
    await stack.up();
    const others = (await readdir(things)).sort().filter((file) => !file.startsWith("c-"));
    expect(others).toEqual(["second.json", "third.json"]);

    const drifted = { name: "third", colour: "green", size: 2, revision: 9 };
    await writeFile(join(things, "third.json"), JSON.stringify(drifted));
    await rm(join(things, "second.json"));
    const refreshed = await stack.must("refresh", "--yes", "--diff");
    expect(refreshed).toContain("colour");
    expect(refreshed).toMatch(/1 deleted/);
    expect(await stack.previewSummary()).toMatchObject({ create: 1, update: 1 });
    await stack.up();

    await writeFile(join(things, "old.json"), JSON.stringify({ name: "old", colour: "red", size: 5, revision: 4 }));
    await stack.program(
      program('name: "third", size: 2', 'new Thing("d", { name: "old", size: 5 }, { ...mine, import: "old" });'),
    );
    await stack.up();
    expect(await stack.previewSummary()).toEqual({ same: 6 });

    await stack.destroy();
    expect(await readdir(things)).toEqual([]);
  }, 120_000);

  it("checks the provider's configuration", async () => {
    await stack.program(`${PRELUDE.replace('"/things" }', '"/things", limits: pulumi.jsonStringify({ things: "x" }), wrong: "y" }')}
      new Thing("a", { name: "first" }, mine);`);
    const text = await stack.refusal("preview");
    expect(text).toContain("limits.things");
    expect(text).toContain('"wrong" is not known here');
  }, 60_000);

  it("shows a failure as one line without stack or secret, and keeps a resource that is half made", async () => {
    await stack.program(`${PRELUDE}
      new Thing("a", { name: "leaky", colour: "green", size: 13 }, mine);
      new Thing("b", { name: "half", size: 77 }, mine);`);
    // Else the engine may end at the failure of one before it has begun with the other.
    const text = await stack.refusal("up", "--yes", "--skip-preview", "--continue-on-error");
    expect(text).toContain("refused");
    expect(text).not.toContain("hunter2");
    expect(text).not.toMatch(/\.ts:\d+/);
    expect(text).toContain("it never became healthy");
    const half = (await stack.resources()).find(({ id }) => id === "half");
    expect(half).toMatchObject({ initErrors: ["it never became healthy"], outputs: { label: "hello half" } });
    await stack.destroy();
  }, 60_000);

  it("stops what runs on Ctrl-C, and its process ends with the engine's", async () => {
    await stack.program(`${PRELUDE}\nnew Thing("slow", { name: "slow", size: 99 }, mine);`);
    const stopped = await interrupt(stack, join(things, "started"), "SIGINT");
    expect(stopped).toContain("Stopped on request");
    await rm(join(things, "started"));
    await interrupt(stack, join(things, "started"), "SIGKILL");
    // An engine that was killed leaves its language host behind: not the plugin's doing, but this test's to clear.
    for (const pid of await processes(stack.folder, "pulumi-language")) process.kill(Number(pid), "SIGKILL");
  }, 60_000);
});

/** Starts an `up`, sends a signal once `started` exists, and waits for the end. */
async function interrupt(stack: TestStack, started: string, signal: NodeJS.Signals): Promise<string> {
  const { child, ended } = stack.start("up", "--yes", "--skip-preview");
  const within = { everyMs: 50, limitMs: 20_000 };
  expect(await until(() => existsSync(started), within)).toBe(true);
  child.kill(signal);
  const { text } = await ended;
  expect(await until(async () => (await processes(stack.folder, "tinyProvider")).length === 0, within)).toBe(true);
  return text;
}

/** Processes of a program that this stack's engine started. */
async function processes(folder: string, program: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (environment.includes(folder) && command.includes(program)) found.push(pid);
  }
  return found;
}
