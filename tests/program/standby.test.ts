import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import type { StateResource } from "../../recovery/pulumi/exportedState.ts";
import { publicKeyPem } from "../support/keys.ts";
import { TestStack } from "../support/testStack.ts";

const nameOf = ({ urn }: StateResource) => urn.split("::").at(-1)!;
const namesOf = (resources: readonly StateResource[]) => resources.map(nameOf).sort();
const protectedOf = (resources: readonly StateResource[]) => namesOf(resources.filter(({ protect }) => protect));
const named = (resources: readonly StateResource[], name: string) => resources.find((one) => nameOf(one) === name)!;

/** What the engine makes of the program. The providers are stubs: this says nothing of real services. */
describe("the standby on the engine", () => {
  let program: TestStack;
  beforeAll(async () => {
    program = await TestStack.ofShippedProgram("dr");
  }, 90_000);
  afterAll(() => program.dispose());

  const up = (settings: Readonly<Record<string, unknown>> = {}) => program.set(settings).then(() => program.up());

  it("protects what it keeps ready", async () => {
    await up();
    const resources = await program.resources();
    expect(protectedOf(resources)).toEqual([
      "application-project",
      "mirror-repository",
      "signing-key",
      "vault-audit-bucket",
      "vault-audit-trail",
      "vault-bucket",
      "vault-key",
    ]);
    const site = resources.find(({ type }) => type === "castchat:index:StandbySite")!;
    expect(resources.find(({ type }) => type === "castchat:index:BackupVault")!.parent).toBe(site.urn);
  }, 90_000);

  it("drills beside it, protects nothing of the drill, and leaves nothing behind", async () => {
    const before = await program.resources();
    await up({ mode: "drill", trustedWriterKeys: [publicKeyPem()] });
    const during = await program.resources();
    expect(during.length).toBeGreaterThan(before.length);
    expect(protectedOf(during)).toEqual(protectedOf(before));
    await up({ mode: "standby" });
    expect(namesOf(await program.resources())).toEqual(namesOf(before));
  }, 90_000);

  it("recovers in order, protects what it recovered, and shows no secret", async () => {
    const output = await up({ mode: "active", generation: 2 });
    const resources = await program.resources();
    const guarded = ["database-project", "database-restore", "generations", "traffic"];
    expect(protectedOf(resources)).toEqual(expect.arrayContaining(guarded));
    const made = resources.map(nameOf);
    const order = [
      ...["sealed-environment", "fence", "database-project", "database-restore", "application-variables"],
      ...["application-deployment", "traffic"],
    ];
    const places = order.map((name) => made.indexOf(name));
    expect(places).toEqual(places.toSorted((left, right) => left - right));
    expect(named(resources, "application-deployment").dependencies!.join()).toContain("::database-restore");
    expect(named(resources, "fence").dependencies!.join()).toContain("::sealed-environment");
    expect(named(resources, "application-variables").dependencies!.join()).toContain("::database-restore");
    expect(named(resources, "application-deployment").dependencies!.join()).toContain("::application-variables");
    expect(named(resources, "traffic").dependencies!.join()).toContain("::application-deployment");

    expect(await program.must("stack", "output")).toMatch(/databaseUrl\s+\[secret\]/);
    const state = await program.must("stack", "export");
    expect(state).toContain("castchat-dr-g2");
    expect(state + output).not.toMatch(/stub-password|stub-initial-password|stub-anon-key/);
  }, 90_000);

  it("makes a second recovery beside the first when the generation rises, changes nothing in a second up, and makes a third beside both", async () => {
    const before = await program.resources();
    const keepsTheFirst = (resources: readonly StateResource[]) => {
      for (const name of ["database-project", "database-restore"])
        expect(named(resources, name)).toMatchObject({ id: named(before, name).id!, protect: true });
    };
    // The next one is wanted from an older backup and in another region: that is no matter of the one before.
    const output = await up({ generation: 3, backup: "20260701T020000Z-1a2b3c", supabaseRegion: "eu-west-1" });
    expect(output).not.toMatch(/replaced|deleted .*database/);
    const resources = await program.resources();
    keepsTheFirst(resources);
    const inputsOf = (name: string) => named(resources, name).inputs!;
    expect(inputsOf("database-project")).toMatchObject({ name: "castchat-dr-g2", region: "ap-northeast-2" });
    expect(inputsOf("database-restore")).not.toHaveProperty("backup");
    expect(inputsOf("database-g3-project")).toMatchObject({ name: "castchat-dr-g3", region: "eu-west-1" });
    expect(inputsOf("database-g3-restore")).toMatchObject({ backup: "20260701T020000Z-1a2b3c", generation: 3 });
    expect(inputsOf("fence")).toMatchObject({ leftDatabaseName: "castchat-dr-g2", generation: 3 });
    expect(protectedOf(resources)).toEqual(expect.arrayContaining(["database-g3-project", "database-g3-restore"]));
    for (const name of ["application-environment", "application-deployment"]) {
      const dependencies = named(resources, name).dependencies!.join();
      expect(dependencies).toContain("::database-g3-restore");
      expect(dependencies).not.toContain("::database-restore");
    }
    // Another token in the shell does not replace what `schedule rotate` may have written since.
    Object.assign(program.environment, { RUNNER_GITHUB_TOKEN: "an-older-one" });
    await program.must("preview", "--expect-no-changes");

    await up({ generation: 5 });
    const third = await program.resources();
    keepsTheFirst(third);
    const guarded = ["database-g3-project", "database-g5-project", "generations"];
    expect(protectedOf(third)).toEqual(expect.arrayContaining(guarded));
    expect(named(third, "fence").inputs).toMatchObject({ leftDatabaseName: "castchat-dr-g3" });
  }, 240_000);

  it.each(["standby", "drill"])(
    "refuses mode %s in preview while it is active, and loses nothing",
    async (mode) => {
      const before = await program.resources();
      // The settings themselves refuse a backup to restore in mode standby.
      await program.set({ mode, backup: "" });
      const text = await program.refusal("up", "--yes");
      expect(text).toMatch(/Preview failed: resource .*(traffic|database).*cannot be deleted|because it is protected/s);
      expect(await program.resources()).toEqual(before);
    },
    90_000,
  );
});
