import { describe, expect, it } from "@jest/globals";

import { generationsIn, withoutGeneration } from "../../../recovery/site/generationState.ts";
import { releaseGeneration, type ReleaseGenerationOptions } from "../../../recovery/site/releaseGeneration.ts";
import type { BackupSummary } from "../../../recovery/vault/listBackups.ts";
import { UserError } from "../../../services/common/errors.ts";
import { silent } from "../../../services/common/reporter.ts";
import type { DatabaseHost } from "../../../services/databaseHost/databaseHost.ts";

const SITE = "urn:pulumi:dr::castchat-recovery::castchat:index:StandbySite::standby";
const urn = (type: string, name: string) =>
  `urn:pulumi:dr::castchat-recovery::castchat:index:StandbySite$${type}::${name}`;

/** A generation's component, project and restore, as the engine keeps them. */
function database(name: string, generation: number, createdAt: string) {
  const component = urn("castchat:index:Database", name);
  const project = urn("castchat:index:Database$recovery:index:SupabaseProject", `${name}-project`);
  const password = urn("castchat:index:Database$recovery:index:DatabasePassword", `${name}-password`);
  const inputs = { name: `castchat-dr-g${generation}`, region: "ap-northeast-3" };
  const outputs = { ...inputs, ref: `ref${generation}`, createdAt };
  return [
    { urn: component, type: "castchat:index:Database", parent: SITE },
    { urn: password, type: "recovery:index:DatabasePassword", parent: component, inputs: { projectName: inputs.name } },
    {
      urn: project,
      type: "recovery:index:SupabaseProject",
      parent: component,
      protect: true,
      dependencies: [password],
      inputs,
      outputs,
    },
    {
      urn: urn("castchat:index:Database$recovery:index:DatabaseRestore", `${name}-restore`),
      type: "recovery:index:DatabaseRestore",
      parent: component,
      protect: true,
      dependencies: [project],
    },
  ];
}

const stateOf = (...more: object[]) =>
  JSON.stringify({
    version: 3,
    deployment: {
      manifest: { magic: "m" },
      resources: [
        { urn: SITE, type: "castchat:index:StandbySite" },
        {
          urn: "urn:pulumi:dr::castchat-recovery::recovery:index:Generations::generations",
          type: "recovery:index:Generations",
          outputs: { generation: 3, first: 2, declared: [2, 3] },
        },
        ...database("database", 2, "2026-07-01T00:00:00.000Z"),
        ...database("database-g3", 3, "2026-08-01T00:00:00.000Z"),
        ...more,
      ],
    },
  });
const urnsIn = (state: string) =>
  (JSON.parse(state) as { deployment: { resources: { urn: string }[] } }).deployment.resources.map((one) => one.urn);

describe("the state", () => {
  it("shows its generations, and forgets one with all that was declared for it, and nothing else", () => {
    expect(generationsIn(stateOf()).map(({ generation, ref }) => [generation, ref])).toEqual([
      [2, "ref2"],
      [3, "ref3"],
    ]);
    const left = withoutGeneration(stateOf(), 2);
    expect(urnsIn(stateOf()).filter((one) => !urnsIn(left).includes(one))).toEqual(
      database("database", 2, "").map((one) => one.urn),
    );
    expect(left).toContain('"declared":[3]');
    expect(JSON.parse(left)).toMatchObject({ version: 3, deployment: { manifest: { magic: "m" } } });
    expect(JSON.parse(withoutGeneration(left, 2))).toEqual(JSON.parse(left));
  });

  it("forgets what the fence, whose act is done, has depended on", () => {
    const project = urn("castchat:index:Database$recovery:index:SupabaseProject", "database-project");
    const fence = {
      urn: urn("recovery:index:PrimaryFence", "fence"),
      type: "recovery:index:PrimaryFence",
      dependencies: [project, "urn:other"],
      propertyDependencies: { leftDatabaseRef: [project], organization: null },
    };
    const left = JSON.parse(withoutGeneration(stateOf(fence), 2)) as { deployment: { resources: { type: string }[] } };
    expect(left.deployment.resources.find(({ type }) => type === fence.type)).toEqual({
      ...fence,
      dependencies: ["urn:other"],
      propertyDependencies: { leftDatabaseRef: [], organization: [] },
    });
  });

  it("keeps one that a resource still depends on", () => {
    const variables = {
      urn: urn("vercel:index:Variables", "application-environment"),
      type: "vercel:index:Variables",
      dependencies: [urn("castchat:index:Database$recovery:index:SupabaseProject", "database-project")],
    };
    expect(() => withoutGeneration(stateOf(variables), 2)).toThrow(
      /application-environment still depends on generation 2\. Run `pulumi up`.* until it succeeds/,
    );
  });
});

describe("releasing a generation", () => {
  const backup = (snapshotAt: string) =>
    ({
      backupId: "20260801T020000Z-000001",
      startedAt: new Date(snapshotAt),
      proven: true,
      problems: [],
      manifest: { kind: "full", snapshotAt },
    }) as unknown as BackupSummary;
  const newer = backup("2026-08-01T02:00:00.000Z");

  /** A stack with generations 2 and 3, and what is done to it. */
  function world(more: Partial<ReleaseGenerationOptions> = {}) {
    const seen = { state: stateOf(), deleted: [] as string[], said: [] as string[] };
    const project = (generation: number) => ({
      name: `castchat-dr-g${generation}`,
      ref: `ref${generation}`,
      organization: "castchat",
      region: "ap-northeast-3",
      createdAt: "t",
      status: "INACTIVE",
    });
    const options: ReleaseGenerationOptions = {
      generation: 2,
      stack: "dr",
      present: 3,
      organization: "castchat",
      deletesProject: false,
      withoutNewerBackup: false,
      pulumi: {
        exportState: () => Promise.resolve(seen.state),
        rewriteState: (change) => {
          seen.state = change(seen.state);
          return Promise.resolve();
        },
      },
      databaseHost: {
        name: "Supabase",
        projects: () => Promise.resolve([2, 3].filter((one) => !seen.deleted.includes(`ref${one}`)).map(project)),
        deleteProject: (ref: string) => Promise.resolve(void seen.deleted.push(ref)),
      } as unknown as DatabaseHost,
      lease: { stack: "dr", generation: 3 },
      backups: [newer],
      confirm: ({ names, lines }) => Promise.resolve(void seen.said.push(...names, ...lines)),
      reporter: silent,
      ...more,
    };
    const release = (again: Partial<ReleaseGenerationOptions> = {}) => releaseGeneration({ ...options, ...again });
    return { seen, release };
  }

  it("forgets it after asking, leaves the project, and deletes that only on request, also afterwards", async () => {
    const { seen, release } = world();
    expect(await release()).toMatchObject({ state: "released", projectName: "castchat-dr-g2", projectDeleted: false });
    expect(seen.said[0]).toBe("castchat-dr-g2");
    expect(seen.said.join(" ")).toMatch(
      /castchat-dr-g2 \(ref2, in ap-northeast-3, made t, INACTIVE\).*stays at Supabase/,
    );
    expect([generationsIn(seen.state).map((one) => one.generation), seen.deleted]).toEqual([[3], []]);
    expect(await release()).toMatchObject({ state: "not declared", projectDeleted: false });
    expect(await release({ deletesProject: true })).toMatchObject({ state: "not declared", projectDeleted: true });
    expect(seen.deleted).toEqual(["ref2"]);
    expect(await release({ deletesProject: true })).toMatchObject({ state: "not declared", projectDeleted: false });
  });

  it.each<[string, Partial<ReleaseGenerationOptions>, RegExp]>([
    ["the present one", { generation: 3 }, /Generation 3 is the present one of stack dr/],
    [
      "the one that still serves",
      { lease: { stack: "dr", generation: 2 } },
      /Generation 2 of stack dr still holds the public name/,
    ],
    [
      "any without a newer backup",
      { backups: [backup("2026-07-31T00:00:00.000Z")] },
      /20260801T020000Z-000001 .* is older than its database of 2026-08-01.*castchat-recovery backup -s dr/,
    ],
    ["any without a backup at all", { backups: [] }, /no proven full backup/],
    [
      "deleting it without a newer backup, whatever is said",
      { backups: [], withoutNewerBackup: true, deletesProject: true },
      /no proven full backup/,
    ],
    ["what is not agreed to", { confirm: () => Promise.reject(new UserError("not agreed")) }, /not agreed/],
  ])("refuses %s, and changes nothing", async (_case, more, message) => {
    const { seen, release } = world(more);
    await expect(release()).rejects.toThrow(message);
    await expect(release()).rejects.toBeInstanceOf(UserError);
    expect([seen.state, seen.deleted]).toEqual([stateOf(), []]);
  });

  it("can be forced to forget one without a newer backup, which deletes nothing", async () => {
    const { seen, release } = world({ backups: [], withoutNewerBackup: true });
    expect(await release()).toMatchObject({ state: "released" });
    expect(seen.deleted).toEqual([]);
  });
});
