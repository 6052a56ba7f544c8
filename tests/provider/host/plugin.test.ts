import { once } from "node:events";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { UNKNOWN } from "../../../provider/host/values.ts";
import { PluginClient } from "./support/pluginClient.ts";

const THING = "tiny:index:Thing";
let folder: string;
let plugin: PluginClient;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tiny-"));
  plugin = await PluginClient.start(["node", join(PROJECT_ROOT, "tests/provider/host/support/tinyProvider.ts")]);
  await plugin.configure({ folder, limits: '{"things":4}' });
});
afterEach(async () => {
  await plugin.close();
  await rm(folder, { recursive: true, force: true });
});

describe("check", () => {
  it("reports every fault with its path and reason", async () => {
    const { faults } = await plugin.check(THING, {
      name: "A",
      colour: "blue",
      size: -1,
      shape: 1,
      options: { more: 2 },
    });
    expect(faults.sort()).toEqual([
      'colour: Invalid option: expected one of "red"|"green"',
      "name: must be lower-case letters, digits and dashes",
      "options.deep: Invalid input: expected string, received undefined",
      'options.more: Input "options.more" is not known here: remove it or correct its name.',
      'shape: Input "shape" is not known here: remove it or correct its name.',
      "size: Too small: expected number to be >0",
    ]);
  });

  it("accepts unknowns, still finds the other faults, and gives the same defaults", async () => {
    const unknown = await plugin.check(THING, { name: UNKNOWN, options: { deep: UNKNOWN } });
    expect(unknown.faults).toEqual([]);
    expect(unknown.inputs.values).toEqual({ name: UNKNOWN, colour: "red", options: { deep: UNKNOWN } });
    const { faults } = await plugin.check(THING, { name: UNKNOWN, size: "x", options: UNKNOWN, other: UNKNOWN });
    expect(faults.map((fault) => fault.split(":")[0]).sort()).toEqual(["other", "size"]);
  });

  it("generates a name for a resource without one, and keeps a name that was given once", async () => {
    const { inputs } = await plugin.check(THING, {});
    expect(inputs.values["name"]).toMatch(/^name-[0-9a-f]{7}$/);
    expect((await plugin.check(THING, {}, inputs.values)).inputs.values).toEqual(inputs.values);
  });
});

describe("diff", () => {
  const olds = { name: "a", colour: "red", size: 1 };
  it("reports what changes and what that replaces, and nothing if nothing changes", async () => {
    expect(await plugin.diff(THING, olds, { ...olds })).toEqual({ changes: [], replaces: [] });
    expect(await plugin.diff(THING, olds, { name: "b", colour: "red" })).toEqual({
      changes: ["name", "size"],
      replaces: ["name"],
    });
  });

  it("counts a value that is not known yet as changed", async () => {
    expect(await plugin.diff(THING, olds, { ...olds, size: UNKNOWN })).toEqual({ changes: ["size"], replaces: [] });
    expect(await plugin.diff(THING, olds, { ...olds, name: UNKNOWN })).toEqual({
      changes: ["name"],
      replaces: ["name"],
    });
  });
});

describe("previews", () => {
  it("creates nothing, and leaves outputs unknown that an update may change", async () => {
    const created = await plugin.create(THING, { name: "a", colour: "red", size: UNKNOWN }, true);
    expect(created).toMatchObject({ id: "", outputs: { values: { name: "a", colour: "red", size: UNKNOWN } } });
    const outputs = { name: "a", colour: "red", size: 1, token: "t", revision: 3, label: "l" };
    const updated = await plugin.update(
      THING,
      { inputs: { name: "a", colour: "red", size: 1 }, outputs },
      { name: "a", colour: "green" },
      true,
    );
    expect(updated.values).toEqual({ name: "a", colour: "green", token: "t", label: "l", revision: UNKNOWN });
    expect([...updated.secretKeys]).toEqual(["token"]);
    await expect(stat(join(folder, "a.json"))).rejects.toThrow("ENOENT");
  });
});

describe("operations", () => {
  it("end at the resource's own time limit, with a reason", async () => {
    await expect(plugin.create(THING, { name: "a", colour: "red", size: 99 }, false, 1)).rejects.toThrow(
      "Not done within the resource's time limit of 1 seconds.",
    );
  });

  it("fail with a single line, without secrets", async () => {
    const failure: unknown = await plugin
      .create(THING, { name: "a", colour: "green", size: 13 })
      .catch((error: unknown) => error);
    expect(String(failure)).toBe("Error: postgres://me:[secret]@host/db refused at Object.x");
  });

  it("refuse unknown types by name", async () => {
    await expect(plugin.create("tiny:index:Other", {})).rejects.toThrow(
      "Provider tiny does not implement resource type tiny:index:Other.",
    );
  });
});

describe("the process", () => {
  it("ends at once and cleanly when the engine closes it", async () => {
    const before = Date.now();
    expect(await plugin.close()).toBe(0);
    expect(Date.now() - before).toBeLessThan(2000);
  });

  it("aborts what runs when the engine is gone, and ends", async () => {
    const running = plugin.create(THING, { name: "a", colour: "red", size: 99 }).catch((error: unknown) => error);
    while ((await stat(join(folder, "started")).catch(() => undefined)) === undefined) await sleep(20);
    const exit = once(plugin.process, "exit");
    plugin.process.stdin.end();
    expect(await exit).toEqual([0, null]);
    expect(String(await running)).toContain("Stopped on request");
  });
});
