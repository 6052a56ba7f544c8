import { describe, expect, it } from "@jest/globals";

import { type ChosenBackup, olderThan } from "../../../recovery/vault/chooseBackup.ts";
import {
  type Held,
  holdersAmong,
  lackingNames,
  OUTSIDE_PARTS,
  wholenessOf,
} from "../../../recovery/vault/completeness.ts";
import type { Lacks } from "../../../recovery/vault/lacks.ts";
import type { PartName } from "../../../recovery/vault/manifest.ts";

const part = (name: PartName) => ({ name, key: name, sizeBytes: 1, sha256: "0".repeat(64) });
const both = [part("project.json"), part("configuration.json")];
/** A manifest that says what it lacks. */
const saying = (lacks: Lacks, parts = both): Held => ({ parts, leftOut: [], lacks });
/** A manifest from before `lacks`. */
const before = (...what: string[]): Held => ({ parts: both, leftOut: what.map((one) => ({ what: one, why: "w" })) });

describe("whether a backup has a part whole", () => {
  // Storage, functions, auth settings and configuration, in this order.
  it.each<[string, Held, string]>([
    ["it lacks nothing", saying({}), "whole whole whole whole"],
    ["no project was read", saying({}, [part("configuration.json")]), "lacking lacking lacking whole"],
    ["no configuration was read", saying({}, [part("project.json")]), "whole whole whole lacking"],
    ["an object", saying({ storage: [{ name: "a/b", etag: "1" }] }), "lacking whole whole whole"],
    [
      "an object that the app has deleted meanwhile",
      saying({ storage: [{ name: "a/b", excused: true }] }),
      "whole whole whole whole",
    ],
    [
      "the rest",
      saying({ functions: ["f"], authSettings: ["*"], configuration: ["dns"] }),
      "whole lacking lacking lacking",
    ],
    ["an older one that lacks nothing", before("passwords of roles"), "whole whole whole unknown"],
    ["an older one without an object", before("bytes of storage object a/b"), "lacking whole whole unknown"],
    ["an older one without many", before("bytes of 2 storage objects (a/b, a/c)"), "lacking whole whole unknown"],
    ["an older one without functions", before("edge functions"), "whole lacking whole unknown"],
    ["an older one without code", before("code of edge function f"), "whole lacking whole unknown"],
    ["an older one without settings", before("auth settings"), "whole whole lacking unknown"],
    ["an older one that is not sealed", before("values of the auth settings"), "whole whole lacking unknown"],
    [
      "an older one without what the platform keeps to itself",
      before("values of the auth settings smtp_pass", "the JWT secret and the secrets of edge functions"),
      "whole whole whole unknown",
    ],
  ])("%s", (_case, manifest, expected) => {
    expect(OUTSIDE_PARTS.map((one) => wholenessOf(manifest, one)).join(" ")).toBe(expected);
  });

  it("comes with the names of what is lacking, as far as they are known", () => {
    const older = before("bytes of storage object a/b (c)", "bytes of 2 storage objects (a, b)", "edge functions");
    expect(lackingNames(older, "storage")).toEqual(["a/b (c)", "*"]);
    expect(lackingNames(older, "functions")).toEqual(["*"]);
    expect(lackingNames(before("code of edge function f"), "functions")).toEqual(["f"]);
    expect(lackingNames(saying({ storage: [{ name: "a" }, { name: "b", excused: true }] }), "storage")).toEqual(["a"]);
  });
});

describe("the backups that must not be lost", () => {
  const at = (id: string, manifest: Held) => ({ id, manifest });
  const held = (...backups: ReturnType<typeof at>[]) => [...holdersAmong(backups)].map(({ id }) => id);

  it("are the newest, and the newest that has each part", () => {
    const [whole, older] = [at("whole", saying({})), at("older", saying({}))];
    expect(held(whole, older)).toEqual(["whole"]);
    const noFunctions = at("no functions", saying({ functions: ["*"] }));
    const noSettings = at("no settings", saying({ authSettings: ["*"] }));
    expect(held(noFunctions, noSettings, whole, older)).toEqual(["no functions", "no settings"]);
    const noneOfBoth = at("none of both", saying({ authSettings: ["*"], functions: ["*"] }));
    expect(held(noneOfBoth, noFunctions, noSettings, whole)).toEqual(["none of both", "no settings", "no functions"]);
    expect(held(at("nothing", saying({}, [])))).toEqual(["nothing"]);
    expect(held()).toEqual([]);
  });

  it("include those that may or may not have a part", () => {
    const noDns = at("no dns", saying({ configuration: ["dns"] }));
    expect(held(noDns, at("old", before()), at("whole", saying({})))).toEqual(["no dns", "old"]);
  });
});

describe("the backups that may complete another", () => {
  const summary = (id: string, at: string, more: object = {}, proven = true) =>
    ({
      backupId: id,
      proven,
      manifest: { backupId: id, kind: "full", snapshotAt: at, ...more },
    }) as unknown as ChosenBackup;
  const chosen = summary("chosen", "2026-07-02T00:00:00Z");

  it("are proven, full and older, the newest first", () => {
    const others = [
      summary("oldest", "2026-06-01T00:00:00Z"),
      summary("newer", "2026-07-03T00:00:00Z"),
      summary("unproven", "2026-07-01T00:00:00Z", {}, false),
      summary("safety", "2026-07-01T00:00:00Z", { purpose: "safety" }),
      summary("rows", "2026-07-01T00:00:00Z", { kind: "data-only" }),
      summary("old", "2026-07-01T00:00:00Z"),
    ];
    const ids = (one: ChosenBackup) => olderThan([chosen, ...others], one).map(({ backupId }) => backupId);
    expect(ids(chosen)).toEqual(["old", "oldest"]);
    expect(ids(summary("saved", "2026-07-02T00:00:00Z", { purpose: "safety" }))).toEqual([]);
  });
});
