import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Hono } from "hono";

import { PROJECT_ROOT } from "../../../lab/sandbox/host/layout.ts";
import { witnessOf } from "../../../lab/sandbox/witness.ts";
import { makeTestFolder } from "../folder.ts";
import { underWitness } from "./daemonWitness.ts";
import { witnessed } from "./witnessed.ts";

let folder: Awaited<ReturnType<typeof makeTestFolder>>;
beforeAll(async () => {
  folder = await makeTestFolder();
});
afterAll(() => folder.remove());

describe("the witness of a sandbox's daemon", () => {
  it("writes what differs from the description, each once, and nothing of what was sent", async () => {
    const file = join(folder.path, "contract.txt");
    Object.assign(process.env, underWitness(file));
    const app = new Hono();
    app.put("/repos/a/b/topics", (c) => c.json({ names: [], invented: "a-secret" }));
    (await witnessOf(process.env))("github", { app });
    const body = JSON.stringify({ names: [], token: "another-secret" });
    const asked = { method: "PUT", body, headers: { "content-type": "application/json" } };
    for (let time = 0; time < 2; time += 1)
      expect(await (await app.fetch(new Request("http://localhost/repos/a/b/topics", asked))).json()).toEqual({
        names: [],
        invented: "a-secret",
      });
    expect(await witnessed(file)).toEqual([
      "github",
      "github: PUT /repos/{owner}/{repo}/topics, answer invented: is not described",
      "github: PUT /repos/{owner}/{repo}/topics, body token: is not described",
    ]);
  });

  it("watches nothing without the variable, and has to be a function", async () => {
    const app = new Hono();
    const { fetch } = app;
    (await witnessOf({}))("github", { app });
    expect(app.fetch).toBe(fetch);
    const CASTCHAT_SANDBOX_WITNESS = join(PROJECT_ROOT, "tests/support/contracts/witnessed.ts");
    await expect(witnessOf({ CASTCHAT_SANDBOX_WITNESS })).rejects.toThrow(/exports no function "witness"/);
  });
});
