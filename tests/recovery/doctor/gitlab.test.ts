import { describe, expect, it } from "@jest/globals";

import { GITLAB_CHECKS } from "../../../recovery/doctor/gitlab.ts";
import type { Subject } from "../../../recovery/doctor/subject.ts";
import { TOKEN_CHECKS } from "../../../recovery/doctor/tokens.ts";
import type { RepositoryState } from "../../../services/codeHost/codeHost.ts";
import type { TokenFacts } from "../../../services/http/tokenFacts.ts";

const HOST = { isPrivate: true, isArchived: false, runs: false, source: "a", copy: "a" };
const FACTS: TokenFacts = { isValid: true, scopes: ["api"], expiresAt: "never" };
const MIRRORED = [{ repository: "castchat/app", gitlabMirror: "backup/app" }];
const APP = { repository: "castchat/app", mirror: "mirrors/app" };

/** A stack with a mirror on GitLab, and what GitLab says of it. */
function subject(
  host: Partial<typeof HOST> | undefined = {},
  facts = FACTS,
  repositories: unknown = MIRRORED,
): Subject {
  const has = { ...HOST, ...host };
  const state = { fullName: "backup/app", defaultBranch: "main", protectedBranches: [], ...has };
  return {
    settings: { stack: "dr", apps: [APP], repositories, endpoints: {} },
    outputs: {},
    environment: {},
    clock: () => new Date("2026-01-01T00:00:00Z"),
    signal: new AbortController().signal,
    ports: {
      mirrorHost: (kind: string) => {
        expect(kind).toBe("gitlab");
        return {
          repository: () => Promise.resolve<RepositoryState | undefined>(host.source === "" ? undefined : state),
          runsWorkflows: () => Promise.resolve(has.runs),
        };
      },
      git: () => ({
        remoteRefs: (url: string) =>
          Promise.resolve([{ name: "refs/heads/main", object: url.includes("gitlab") ? has.copy : has.source }]),
      }),
      inspectToken: () => Promise.resolve(facts),
    },
  } as unknown as Subject;
}
const outcomesOf = async (id: string, one: Subject) =>
  [await [...GITLAB_CHECKS, ...TOKEN_CHECKS].find((check) => check.id === id)!.run(one)].flat();

describe("the mirrors on GitLab", () => {
  it.each<[Partial<typeof HOST>, string, RegExp, string | undefined]>([
    [{}, "ok", /^backup\/app is private, takes pushes, and runs no pipeline/, undefined],
    [
      { source: "" },
      "failed",
      /GITLAB_TOKEN sees no project backup\/app/,
      "pulumi refresh -s dr, then pulumi up -s dr",
    ],
    [{ isArchived: true }, "failed", /is archived/, "pulumi up -s dr"],
    [{ isPrivate: false }, "failed", /not private/, "glab api -X PUT projects/backup%2Fapp -f visibility=private"],
    [
      { runs: true },
      "warning",
      /Pipelines are on/,
      "glab api -X PUT projects/backup%2Fapp -f builds_access_level=disabled",
    ],
  ])("with %j are %s", async (host, state, says, fix) => {
    const [outcome] = await outcomesOf("gitlab.project", subject(host));
    expect(outcome).toEqual({ state, says: expect.stringMatching(says), fix });
  });

  it("are compared with their source", async () => {
    expect(await outcomesOf("gitlab.heads", subject())).toMatchObject([{ state: "ok" }]);
    expect(await outcomesOf("gitlab.heads", subject({ copy: "b" }))).toEqual([
      {
        state: "failed",
        says: "backup/app lacks the newest commits of 1 of 1 branches: main.",
        fix: "castchat-recovery mirror -s dr",
      },
    ]);
  });

  it("need a token with the scope api, and none where there are none", async () => {
    const id = "tokens.gitlab-token";
    expect(await outcomesOf(id, subject())).toMatchObject([{ state: "ok" }]);
    const writing = { ...FACTS, scopes: ["write_repository"] };
    const [lacking] = await outcomesOf(id, subject({}, writing));
    expect(lacking).toMatchObject({
      state: "failed",
      says: "It is valid, and its rights are write_repository. It lacks api, without which no project can be made, protected or archived.",
      fix: expect.stringMatching(/^make a new one with the scope api\. Type: read -rs GITLAB_TOKEN/),
    });
    for (const one of [id, "gitlab.project", "gitlab.heads"])
      expect(await outcomesOf(one, subject({}, writing, []))).toMatchObject([{ state: "skipped" }]);
  });
});
