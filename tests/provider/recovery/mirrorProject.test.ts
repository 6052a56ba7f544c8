import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import type { RecoveryContext } from "../../../provider/recovery/context.ts";
import { mirrorProject } from "../../../provider/recovery/mirrorProject.ts";
import type { CodeHost } from "../../../services/codeHost/codeHost.ts";
import { gitlabCode } from "../../../services/codeHost/gitlab.ts";
import { UserError } from "../../../services/common/errors.ts";
import { startEmulatorHost } from "../../services/support/emulatorHost.ts";
import { createGitlabEmulator } from "../../support/emulators.ts";

const signal = new AbortController().signal;
const operation = { report: () => undefined, warn: () => undefined } as never;
const wanted = (name: string) => ({ fullName: `mirrors/${name}`, mirrorOf: "castchat/castchat" });

let started: Awaited<ReturnType<typeof startEmulatorHost<CodeHost>>>;
let host: CodeHost;
let context: RecoveryContext;
const create = (name: string) => mirrorProject.create(context, wanted(name), signal, operation);
const drop = (name: string) =>
  mirrorProject.delete(context, `mirrors/${name}`, { inputs: wanted(name), outputs: {} }, signal, operation);
const read = (name: string, last = true) =>
  mirrorProject.read(context, `mirrors/${name}`, last ? { inputs: wanted(name), outputs: {} } : undefined, signal);

beforeAll(async () => {
  started = await startEmulatorHost((deps) => createGitlabEmulator(deps), gitlabCode);
  host = started.open({ endpoint: started.url });
  context = { mirrorHost: () => host } as unknown as RecoveryContext;
});
afterAll(() => started.stop());

describe("MirrorProject", () => {
  it("makes a private project without pipelines, and knows it again after an interruption", async () => {
    expect(await create("castchat")).toEqual({ id: "mirrors/castchat", outputs: {} });
    expect(await host.repository("mirrors/castchat")).toMatchObject({ isPrivate: true, isArchived: false });
    expect(await host.runsWorkflows("mirrors/castchat")).toBe(false);
    await host.setWorkflows("mirrors/castchat", true);
    await create("castchat");
    expect(await host.runsWorkflows("mirrors/castchat")).toBe(false);
    expect(await read("castchat")).toEqual({ id: "mirrors/castchat", inputs: wanted("castchat"), outputs: {} });
    expect(await read("castchat", false)).toMatchObject({ inputs: wanted("castchat") });
  });

  it("takes no project over that another made, and imports none", async () => {
    await host.createRepository("mirrors/theirs", "A product of ours");
    await expect(create("theirs")).rejects.toThrow(
      new UserError(
        "GitLab has a project mirrors/theirs already, which is not the mirror of castchat/castchat. Set another gitlabMirror, or delete that project.",
      ),
    );
    await expect(read("theirs", false)).rejects.toBeInstanceOf(UserError);
  });

  it("archives what is deleted, once and again, and takes it back when it is declared again", async () => {
    await create("old");
    await drop("old");
    expect(await host.repository("mirrors/old")).toMatchObject({ isArchived: true });
    expect(await read("old")).toBeUndefined();
    await drop("old");
    await drop("never-made");
    await create("old");
    expect(await host.repository("mirrors/old")).toMatchObject({ isArchived: false });
  });

  it("shows a project that was moved as changed, and one that is gone as gone", async () => {
    await create("first");
    await started.call("PUT /api/v4/projects/mirrors%2Ffirst", { path: "second" });
    expect(await read("first")).toMatchObject({ inputs: { ...wanted("first"), fullName: "mirrors/second" } });
    expect(await read("never-made")).toBeUndefined();
    await expect(create("first")).rejects.toThrow("GitLab has a project mirrors/second already");
  });
});
