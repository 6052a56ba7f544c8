import { describe, expect, it } from "@jest/globals";

import type { Subject } from "../../../recovery/doctor/subject.ts";
import { VERCEL_CHECKS } from "../../../recovery/doctor/vercel.ts";
import type { ReleaseState } from "../../../services/appHost/appReleases.ts";

const STATE: ReleaseState = {
  projectId: "prj_1",
  projectName: "web",
  servedId: "dpl_good",
  followsBuilds: true,
  lastMove: undefined,
  remark: undefined,
  isRolling: false,
};
const at = new Date("2026-07-01T02:00:00Z");
const rollback = { kind: "rollback", from: "dpl_bad", to: "dpl_good", state: "done", status: "succeeded", at } as const;

/** What the check says of a project's releases, and which project it has looked at. */
async function look(state: Partial<ReleaseState> | undefined, settings: object = { role: "primary", stack: "prod" }) {
  const asked: string[] = [];
  const host = (team: string) => () => ({
    releaseState: (project: string) => {
      asked.push(`${team}${project}`);
      return Promise.resolve(state && { ...STATE, ...state });
    },
  });
  const ports = { appHost: host(""), peerAppHost: host("peer/") };
  const apps = [{ project: "web", peerProject: "live" }];
  const subject = { settings: { apps, ...settings }, ports };
  const check = VERCEL_CHECKS.find(({ id }) => id === "vercel.releases")!;
  const [found] = [await check.run(subject as unknown as Subject)].flat();
  return { ...found, asked };
}

describe("the examination of releases", () => {
  it("is content if new deployments get the names, or the project's own setting says otherwise", async () => {
    expect(await look({})).toMatchObject({ state: "ok", asked: ["web"] });
    expect(await look({ followsBuilds: false })).toMatchObject({ state: "ok", says: expect.stringMatching(/by hand/) });
    const promoted = { followsBuilds: false, lastMove: { ...rollback, to: "dpl_other" } };
    expect(await look(promoted)).toMatchObject({ state: "ok" });
    expect(await look(undefined)).toMatchObject({ state: "skipped" });
  });

  it("warns of a rollback that is not over, and says what to type", async () => {
    expect(await look({ followsBuilds: false, lastMove: rollback })).toMatchObject({
      state: "warning",
      says: "web was rolled back to dpl_good at 2026-07-01T02:00:00.000Z: since then no new deployment reaches its visitors.",
      fix: "castchat-recovery rollback status -s prod",
    });
  });

  it("looks at the live project from a standby, and at its own once that is live", async () => {
    const standby = { role: "standby", mode: "standby", stack: "dr" };
    const seen = await look({ followsBuilds: false, lastMove: rollback }, standby);
    expect(seen).toMatchObject({
      asked: ["peer/live"],
      fix: expect.stringMatching(/-s prod, or what the primary's stack/),
    });
    const apps = [
      { project: "web", peerProject: "live" },
      { project: "admin", name: "admin" },
    ];
    const active = await look({ followsBuilds: false, lastMove: rollback }, { ...standby, mode: "active", apps });
    expect(active).toMatchObject({ asked: ["web", "admin"], fix: "castchat-recovery rollback status --app web -s dr" });
  });
});
