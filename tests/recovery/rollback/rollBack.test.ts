import { describe, expect, it } from "@jest/globals";

import { finishRollback } from "../../../recovery/rollback/finish.ts";
import type { AppliedMigration } from "../../../recovery/rollback/migrations.ts";
import type { RollbackPorts } from "../../../recovery/rollback/ports.ts";
import { releaseStatus } from "../../../recovery/rollback/releaseStatus.ts";
import { revertRelease } from "../../../recovery/rollback/revertCommits.ts";
import { rollBack } from "../../../recovery/rollback/rollBack.ts";
import { PromiseError, UserError } from "../../../services/common/errors.ts";
import { ServiceError } from "../../../services/http/http.ts";
import { forSuite } from "../../support/suite.ts";
import { server, startReleasedApps, timing } from "./support/releasedApps.ts";

const apps = forSuite(startReleasedApps);
const signal = new AbortController().signal;
const AUTHOR = { GIT_AUTHOR_NAME: "An Engineer", GIT_AUTHOR_EMAIL: "engineer@castchat.example" };
const makeApp: typeof apps.makeApp = (change) => apps.makeApp(change);
type Made = Awaited<ReturnType<typeof makeApp>>;
const wish = { despiteSchema: false, preview: false };
const back = ({ ports, app }: Made, change: object = {}, other: Partial<RollbackPorts> = {}) =>
  rollBack({ ...ports, ...other }, app, { ...wish, ...change });
const isPromiseError = (thrown: unknown) => thrown instanceof PromiseError;

describe("a rollback", () => {
  it("goes to the newest healthy release before a bad one, stays through a push, and ends with the next good one", async () => {
    const made = await makeApp();
    const good = await made.release({ "server.mjs": server(0, "good") });
    const bad = await made.release({ "server.mjs": server(3, "bad") });
    const seen = await back(made, { preview: true });
    expect(seen).toMatchObject({ verdict: "not asked", moved: false, from: bad.id, to: good.id });
    expect(await made.served()).toBe(bad.id);

    const result = await back(made);
    expect(result).toMatchObject({ verdict: "healthy", reasons: [], moved: true, undone: false, holdsBuilds: true });
    expect(result).toMatchObject({ from: bad.id, badCommit: bad.commit, to: good.id, commit: good.commit });
    expect(made.agreed.join("\n")).toContain("until `castchat-recovery rollback finish -s prod`");
    expect(await made.served()).toBe(good.id);
    expect(await made.state()).toMatchObject({
      followsBuilds: false,
      remark: `castchat-recovery left commit ${bad.commit}; automatic assignment was on`,
    });

    const worse = await made.release({ "CHANGES.md": "on top of the bad one\n" });
    expect(await made.served()).toBe(good.id);
    const held = await releaseStatus(made.ports, made.app);
    expect(held).toMatchObject({ isRolledBack: true, heldCommits: [bad.commit] });
    await expect(finishRollback(made.ports, made.app)).rejects.toThrow(
      /stays off: main still holds 1 bad commits, the newest \w{8}\. Take them back: `castchat-recovery rollback --revert-commit -s prod`/,
    );

    const reverted = await revertRelease(made.ports, made.app, AUTHOR);
    expect(reverted.takenBack).toEqual([bad.commit]);
    expect((await releaseStatus(made.ports, made.app)).heldCommits).toEqual([]);
    expect(await made.served()).toBe(good.id);
    const ended = await finishRollback(made.ports, made.app);
    expect(ended).toMatchObject({ verdict: "healthy", to: reverted.deploymentId, followsBuilds: true, undone: false });
    expect(ended.commit).toBe(reverted.commit);
    expect(await made.served()).toBe(reverted.deploymentId);
    expect(worse.id).not.toBe(reverted.deploymentId);

    const next = await made.release({ "CHANGES.md": "the next good one\n" });
    expect(await made.served()).toBe(next.id);
    expect(await finishRollback(made.ports, made.app)).toMatchObject({
      verdict: "not asked",
      moved: false,
      to: next.id,
    });
    await expect(revertRelease(made.ports, made.app, AUTHOR)).rejects.toThrow(/is not rolled back/);
  });

  it("continues after an interruption at any place, and goes no further back", async () => {
    const made = await makeApp();
    const [oldest, good, bad] = [
      await made.release({ "server.mjs": server(0, "oldest") }),
      await made.release({ "server.mjs": server(0, "good") }),
      await made.release({ "server.mjs": server(2, "bad") }),
    ];
    const stopped = new AbortController();
    const reporter = (line: string) => {
      if (line.startsWith("watching")) stopped.abort(new Error("Stopped on request."));
    };
    await expect(back(made, {}, { reporter, signal: stopped.signal })).rejects.toThrow("Stopped on request.");
    expect(await made.served()).toBe(good.id);
    for (const to of [undefined, good.id])
      expect(await back(made, { to })).toMatchObject({
        verdict: "healthy",
        moved: false,
        from: bad.id,
        badCommit: bad.commit,
        to: good.id,
        holdsBuilds: true,
      });
    expect(await back(made, { to: oldest.id })).toMatchObject({ verdict: "healthy", moved: true, to: oldest.id });
  });

  it("undoes itself if users have no access afterwards, and leaves the assignment as it was", async () => {
    const made = await makeApp({ probes: { paths: [], login: { email: "a@castchat.example" } } });
    const good = await made.release({ "server.mjs": server(0, "good") });
    const present = await made.release({ "server.mjs": server(0, "present") });
    const logIn = () => Promise.reject(new ServiceError("Supabase", 400, "Invalid login credentials"));
    expect(await back(made, {}, { logIn })).toMatchObject({
      verdict: "unhealthy",
      reasons: [expect.stringMatching(/^login of a@castchat\.example: 3 of 3 answers are bad/)],
      undone: true,
      holdsBuilds: false,
      to: good.id,
    });
    expect(await made.served()).toBe(present.id);
    expect(await made.state()).toMatchObject({ followsBuilds: true });

    await apps.appHost.followBuilds(made.projectId, false);
    expect(await back(made, {}, { logIn })).toMatchObject({ undone: true, holdsBuilds: true });
    expect(await made.served()).toBe(present.id);
    expect(await made.state()).toMatchObject({ followsBuilds: false });
  });

  it("waits for the edge, which may answer from the old deployment for some seconds, and not for ever", async () => {
    const made = await makeApp();
    await made.release({ "server.mjs": server(0, "good") });
    const bad = await made.release({ "server.mjs": server(0, "bad") });
    const late = (answers: number): RollbackPorts["edge"] => {
      let left = answers;
      return async (url, ...more) => {
        const answer = await apps.edge(url, ...more);
        if (url.includes(".vercel.app") || !url.endsWith("/api/health") || (left -= 1) < 0) return answer;
        return { ...answer, body: { status: "ok", deployment: bad.id } };
      };
    };
    expect(await back(made, {}, { edge: late(8) })).toMatchObject({ verdict: "healthy", undone: false });
    expect(await back(made, {}, { edge: late(Infinity) })).toMatchObject({
      verdict: "unhealthy",
      reasons: [expect.stringMatching(new RegExp(`deployment ${bad.id} answers`))],
      undone: true,
    });
  });

  it("says that the host could not move the names, and takes no earlier failure for its own", async () => {
    const made = await makeApp();
    const good = await made.release({ "server.mjs": server(0, "good") });
    await made.release({ "server.mjs": server(2, "bad") });
    const at = new Date(0);
    const last = { kind: "rollback", from: undefined, to: good.id, state: "failed", status: "failed", at } as const;
    const failed = async () => ({ ...(await made.state())!, lastMove: { ...last, at: new Date() } });
    await expect(back(made, {}, { appHost: { ...apps.appHost, releaseState: failed } })).rejects.toThrow(
      /could not move the public names to deployment .* \(failed\)\. Run the same command again/,
    );
    await apps.appHost.promoteDeployment(made.projectId, (await apps.appHost.releases(made.projectId))[0]!.id);
    const earlier = async () => ({ ...(await made.state())!, lastMove: last });
    expect(await back(made, {}, { appHost: { ...apps.appHost, releaseState: earlier } })).toMatchObject({
      verdict: "healthy",
      to: good.id,
    });
  });

  it("stays where nothing answers, and says that it does not know", async () => {
    const made = await makeApp();
    const good = await made.release({ "server.mjs": server(0, "good") });
    await made.release({ "server.mjs": server(2, "bad") });
    const edge: RollbackPorts["edge"] = (url, ...more) =>
      url.includes(".vercel.app") ? apps.edge(url, ...more) : Promise.reject(new Error("the name cannot be reached"));
    expect(await back(made, {}, { edge })).toMatchObject({
      verdict: "inconclusive",
      reasons: [expect.stringMatching(/^Only 0 of \d+ questions were answered: the name cannot be reached/)],
      undone: false,
    });
    expect(await made.served()).toBe(good.id);
  });

  it("writes as the test user, and without the login's token not at all", async () => {
    const write = { path: "/api/posts", body: { title: "a probe" } };
    const made = await makeApp({ probes: { paths: [], login: { email: "a@castchat.example" }, write } });
    await made.release({ "server.mjs": server(0, "good") });
    await made.release({ "server.mjs": server(0, "bad") });
    expect(await back(made)).toMatchObject({ verdict: "healthy" });
    const wrong = { logIn: () => Promise.resolve("another") };
    expect((await back(made, {}, wrong)).reasons[0]).toMatch(/^POST \/api\/posts: 3 of 3 answers are bad \(status 401/);
  });
});

describe("before anything moves", () => {
  const refused = async (made: Made, change: object, other: Partial<RollbackPorts>, message: RegExp) => {
    const before = await made.served();
    const attempt = back(made, change, other);
    await expect(attempt).rejects.toThrow(message);
    expect(await made.served()).toBe(before);
    return await attempt.catch((thrown: unknown) => thrown);
  };

  it("passes over a release that is ill at its own address, and refuses one by name", async () => {
    const made = await makeApp();
    const oldest = await made.release({ "server.mjs": server(0, "oldest") });
    const ill = await made.release({ "server.mjs": server(2, "ill") });
    await made.release({ "server.mjs": server(2, "bad") });
    const thrown = await refused(
      made,
      { to: ill.id },
      {},
      /is unhealthy at its own address: GET \/api\/posts.*status 500/,
    );
    expect(thrown).toBeInstanceOf(PromiseError);
    expect((thrown as Error).message).toContain(`castchat-recovery rollback --to ${oldest.id} -s prod`);
    expect(await back(made, { preview: true })).toMatchObject({ to: oldest.id });
    for (const absent of ["dpl_absent", "app.castchat.example"])
      expect(await refused(made, { to: absent }, {}, /not among the newest production deployments/)).toBeInstanceOf(
        UserError,
      );
  });

  it("compares the database's migrations with those of the release's own source", async () => {
    const first = "supabase/migrations/20260601000000_first.sql";
    const second = "supabase/migrations/20260701000000_tidy.sql";
    const made = await makeApp();
    await made.release({ "server.mjs": server(0, "good"), [first]: "" });
    const fitting = await made.release({ "CHANGES.md": "fits\n", [second]: "" });
    await made.release({ "server.mjs": server(2, "bad") });
    const applied: AppliedMigration[] = ["20260601000000", "20260701000000"].map((version) => {
      return { version, name: "tidy", statements: ["alter table public.posts drop column body"] };
    });
    const migrations = () => Promise.resolve(applied);
    expect(await back(made, { preview: true }, { migrations })).toMatchObject({ to: fitting.id });
    const [, old] = (await releaseStatus(made.ports, made.app)).candidates;
    const to = old!.id;
    const message = new RegExp(
      `Nothing was moved\\. ${to}: The database has had 1 migrations .*20260701000000 tidy.*Go to deployment ${fitting.id} instead.*--despite schema`,
    );
    expect(isPromiseError(await refused(made, { to }, { migrations }, message))).toBe(true);
    const despite = await back(made, { to, preview: true, despiteSchema: true }, { migrations });
    expect(despite.notes[0]).toMatch(/^Taken despite its schema: The database has had 1 migrations/);
  });

  it.each([
    [
      "keeps no note",
      () => Promise.resolve(undefined),
      /keeps no note of its migrations.*Go forward instead.*--despite schema/,
    ],
    ["cannot be asked", () => Promise.reject(new Error("no route")), /migrations cannot be read: no route/],
  ])("refuses where the database %s", async (_, migrations, message) => {
    const made = await makeApp();
    await made.release({ "server.mjs": server(0, "good") });
    await made.release({ "server.mjs": server(2, "bad") });
    await refused(made, {}, { migrations }, message);
    expect(await back(made, { despiteSchema: true, preview: true }, { migrations })).toMatchObject({ moved: false });
  });

  it("says what a rollback does not bring back, and refuses without an earlier release or an agreement", async () => {
    const made = await makeApp();
    const only = await made.release({ "server.mjs": server(0, "good") });
    await refused(made, {}, {}, /no earlier production deployment that can be taken/);
    const variable = { key: "STRIPE_KEY", value: "new", type: "encrypted", target: ["production"] };
    await apps.call(`POST /v10/projects/${made.app.project}/env`, variable);
    await made.release({ "server.mjs": server(2, "bad") });
    const { notes } = await back(made, { to: only.id, preview: true });
    expect(notes.join("\n")).toMatch(/Set or changed since then: STRIPE_KEY\./);
    expect(notes.join("\n")).toMatch(/scheduled calls become those of the earlier deployment/);
    await refused(
      made,
      {},
      { agree: () => Promise.reject(new UserError("Nothing was changed.")) },
      /Nothing was changed/,
    );
    await expect(rollBack(made.ports, { ...made.app, project: "absent" }, wish)).rejects.toThrow(
      /shows no project absent/,
    );
  });

  it("does without the code host, by time, and by name", async () => {
    const made = await makeApp();
    const good = await made.release({ "server.mjs": server(0, "good") });
    const bad = await made.release({ "server.mjs": server(2, "bad") });
    const git = { ...apps.git, cloneHistory: () => Promise.reject(new Error("the code host is gone")) };
    await refused(made, {}, { git }, /source could not be read/);
    const result = await back(made, { despiteSchema: true }, { git });
    expect(result.plan.join("\n")).toContain("could not be read: the code host is gone");
    expect(await made.served()).toBe(good.id);
    const ports = { ...made.ports, git };
    expect((await releaseStatus(ports, made.app)).heldCommits).toBeUndefined();
    await expect(finishRollback(ports, made.app)).rejects.toThrow(/\(the code host is gone\).*finish --to DEPLOYMENT/);
    await expect(revertRelease(ports, made.app, AUTHOR)).rejects.toThrow(/the code host is gone.*by hand/);
    await expect(finishRollback(ports, made.app, { to: bad.id })).rejects.toThrow(/Nothing was moved\. .*unhealthy/);
    await expect(finishRollback(ports, made.app, { to: "absent" })).rejects.toThrow(UserError);
  });
});

describe("a revert", () => {
  it("says how to resolve a conflict, and pushes nothing", async () => {
    const made = await makeApp();
    await made.release({ "server.mjs": server(0, "good"), "list.txt": "one\n" });
    const bad = await made.release({ "server.mjs": server(2, "bad"), "list.txt": "two\n" });
    await back(made);
    const head = await apps.commit(made.repository, { "list.txt": "three\n" });
    await expect(revertRelease(made.ports, made.app, AUTHOR)).rejects.toThrow(
      new RegExp(
        `cannot be taken back by itself.*git switch main && git pull && git revert ${bad.commit.slice(0, 12)}`,
      ),
    );
    expect(await apps.git.newestCommit(made.app.sourceUrl, "main", signal)).toBe(head);
  });

  it("names the reason of a refused push, of a missing author, and of a build that fails or does not come", async () => {
    const made = await makeApp();
    await made.release({ "server.mjs": server(0, "good") });
    await made.release({ "server.mjs": server(2, "bad") });
    await back(made);
    const pushCommit = () => Promise.resolve({ name: "main", taken: false, reason: "protected branch" });
    const identity = () => Promise.resolve(undefined);
    const having = (git: object, more: Partial<RollbackPorts> = {}) =>
      revertRelease({ ...made.ports, ...more, git: { ...apps.git, ...git } }, made.app, AUTHOR);
    await expect(having({ pushCommit })).rejects.toThrow(
      /refused the revert on main: protected branch.*open a pull request/,
    );
    await expect(having({ identity })).rejects.toThrow(/git config --global user\.name/);
    const linked = {
      project: async () => ({ ...(await apps.appHost.project(made.projectId))!, hasRepository: true }),
    };
    const appHost = { ...apps.appHost, ...linked };
    const impatient = { ...timing, build: { firstMs: 1, longestMs: 1, limitMs: 5 } };
    await expect(having({}, { appHost, timing: impatient })).rejects.toThrow(/has no deployment of \w{12} after/);
    const [newest] = await apps.appHost.releases(made.projectId);
    const commit = await apps.git.newestCommit(made.app.sourceUrl, "main", signal);
    const releases = () =>
      Promise.resolve([{ ...newest!, id: "dpl_failed", commit, state: "failed" as const, error: "no build" }, newest!]);
    const failing = having({ pushCommit }, { appHost: { ...appHost, releases } });
    await expect(failing).rejects.toThrow(/The build of \w{12} failed: no build.*The rollback stays/);
  });
});
