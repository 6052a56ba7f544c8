import { describe, expect, it } from "@jest/globals";

import { mirroredRepositories, sourcesOf } from "../../settings/repositories.ts";
import { parseSettings, SettingsError } from "../../settings/settings.ts";
import { PRIMARY_SETTINGS } from "../support/primarySettings.ts";

const APP = { project: "castchat", repository: "castchat/castchat", publicNames: ["app.castchat.jp"] };
const MIRRORED = { ...APP, mirror: "mirrors/castchat" };
const ADMIN = { ...MIRRORED, name: "admin", project: "admin", publicNames: ["admin.castchat.jp"] };
const zoneName = "castchat.jp";
const unset = { standbyVault: "", database: "", dns: "", cloudflareAccountId: "" };
const standby = (repositories: readonly object[] | string, ...apps: object[]) => ({
  ...PRIMARY_SETTINGS,
  ...unset,
  zoneName,
  role: "standby",
  apps: JSON.stringify(apps.length > 0 ? apps : [MIRRORED]),
  repositories: typeof repositories === "string" ? repositories : JSON.stringify(repositories),
});
const primary = (repositories: readonly object[], ...apps: object[]) => ({
  ...PRIMARY_SETTINGS,
  zoneName,
  apps: JSON.stringify(apps.length > 0 ? apps : [{ ...APP, state: "create" }]),
  repositories: JSON.stringify(repositories),
});

/** The faults, without the list's first and last line. */
function faultsOf(raw: Readonly<Record<string, string>>): string[] {
  try {
    parseSettings(raw, "test");
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(SettingsError);
    return (error as Error).message
      .split("\n")
      .flatMap((line) => (line.startsWith("  - ") ? [line.slice("  - castchat-recovery:".length)] : []));
  }
}

const github = (fullName: string, host = "https://github.com") => ({
  kind: "github",
  fullName,
  url: `${host}/${fullName}.git`,
});
const gitlab = (fullName: string, host = "https://gitlab.com") => ({
  kind: "gitlab",
  fullName,
  url: `${host}/${fullName}.git`,
});

describe("mirroredRepositories", () => {
  it("lists each repository once, those of the apps first, with its mirrors of both kinds", () => {
    const settings = parseSettings(
      standby(
        [
          { repository: "castchat/infrastructure", mirror: "Mirrors/infra" },
          { repository: "CastChat/castchat", gitlabMirror: "backup/code/castchat" },
        ],
        MIRRORED,
        ADMIN,
      ),
      "dr",
    );
    expect(mirroredRepositories(settings)).toEqual([
      { repository: "castchat/castchat", mirrors: [github("mirrors/castchat"), gitlab("backup/code/castchat")] },
      { repository: "castchat/infrastructure", mirrors: [github("Mirrors/infra")] },
    ]);
    expect(settings.mirrorOwner).toBe("mirrors");
    expect(sourcesOf(settings)).toEqual({
      vercelProjects: ["castchat", "admin"],
      repositories: ["castchat/castchat", "castchat/infrastructure"],
      appNames: { admin: "admin" },
    });
  });

  it("lists a primary's repositories without mirrors", () => {
    const settings = parseSettings(primary([{ repository: "castchat/infrastructure" }]), "prod");
    const repositories = ["castchat/castchat", "castchat/infrastructure"];
    expect(mirroredRepositories(settings)).toEqual(repositories.map((repository) => ({ repository, mirrors: [] })));
    expect(sourcesOf(settings).repositories).toEqual(repositories);
    expect(settings.mirrorOwner).toBeUndefined();
  });

  it("has the addresses of hosts of one's own", () => {
    const entry = { repository: "castchat/castchat", gitlabMirror: "backup/castchat" };
    const endpoints = { endpointGithub: "https://ghe.example/", endpointGitlab: "http://127.0.0.1:8080" };
    const [first] = mirroredRepositories(parseSettings({ ...standby([entry]), ...endpoints }, "dr"));
    expect(first?.mirrors).toEqual([
      github("mirrors/castchat", "https://ghe.example"),
      gitlab("backup/castchat", "http://127.0.0.1:8080"),
    ]);
  });

  it("needs no list", () => {
    const settings = parseSettings(standby(""), "dr");
    expect(settings.repositories).toEqual([]);
    expect(mirroredRepositories(settings)).toHaveLength(1);
  });
});

describe("the list of repositories", () => {
  const BOTH = { repository: "castchat/b", mirror: "mirrors/b", gitlabMirror: "backup/b" };

  it.each<[string, object, string]>([
    ["a name without owner", { repository: "b" }, '.repository is "b"; it must be a GitHub repository as owner/name.'],
    ["no name", {}, ".repository is not set; it must be a GitHub repository as owner/name."],
    ["an unknown key", { ...BOTH, gitlab: "a/b" }, " has gitlab, which repositories do not have."],
    ...["castchat", "a//b", "-a/b", "a/-b", "a/b.git", "a/b.atom", "a/b__c", "a/b-", "../b", "a/b c"].map(
      (gitlabMirror): [string, object, string] => [
        `the project ${gitlabMirror}`,
        { ...BOTH, gitlabMirror },
        `.gitlabMirror is "${gitlabMirror}"; it must be a GitLab project with its group, as group/name.`,
      ],
    ),
  ])("refuses %s", (_, entry, fault) => expect(faultsOf(standby([entry]))).toEqual([`repositories[0]${fault}`]));

  it.each(["a/b", "a/b/c/d.e_f", "my--group/x", "A1/b.c"])("takes the project %s", (gitlabMirror) =>
    expect(faultsOf(standby([{ ...BOTH, gitlabMirror }]))).toEqual([]),
  );

  it.each(["{", "{}", "castchat"])("refuses %s", (text) =>
    expect(faultsOf(standby(text))).toEqual([
      expect.stringMatching(/^repositories is .*; it must be a list of repositories, each with repository/),
    ]),
  );

  it("reports all rules together", () => {
    const entries = [
      { repository: "castchat/b", mirror: "others/b", gitlabMirror: "backup/b" },
      { repository: "castchat/B", mirror: "mirrors/castchat", gitlabMirror: "backup/c" },
      { repository: "castchat/d", mirror: "Castchat/D", gitlabMirror: "Backup/b" },
      { repository: "castchat/e" },
      { repository: "castchat/castchat", mirror: "mirrors/other" },
      { repository: "castchat/f", mirror: "castchat/e" },
    ];
    expect(faultsOf({ ...standby(entries), generation: "0" }).toSorted()).toEqual(
      [
        'generation is "0"; it must be a whole number from 1.',
        'repositories[0].mirror is of owner "others", and apps[0].mirror of "mirrors"; the mirrors of a stack have one owner.',
        'repositories[1].repository is "castchat/B", as in [0]; list it once.',
        'repositories[1].mirror is "mirrors/castchat", and repositories[0].mirror of castchat/B is "others/b"; a repository has one mirror of a kind.',
        'repositories[1].mirror is "mirrors/castchat", as apps[0].mirror of castchat/castchat; a mirror has one repository.',
        'repositories[1].gitlabMirror is "backup/c", and repositories[0].gitlabMirror of castchat/B is "backup/b"; a repository has one mirror of a kind.',
        'repositories[2].mirror makes "castchat/d" a mirror of itself; choose another name or owner.',
        'repositories[2].mirror is of owner "Castchat", and apps[0].mirror of "mirrors"; the mirrors of a stack have one owner.',
        'repositories[2].gitlabMirror is "Backup/b", as repositories[0].gitlabMirror of castchat/b; a mirror has one repository.',
        "repositories[3] has neither mirror nor gitlabMirror, but a standby lists what it mirrors; set one of them, or remove the entry.",
        'repositories[4].mirror is "mirrors/other", and apps[0].mirror of castchat/castchat is "mirrors/castchat"; a repository has one mirror of a kind.',
        'repositories[5].mirror is "castchat/e", which is a repository with code of its own; choose another name or owner.',
        'repositories[5].mirror is of owner "castchat", and apps[0].mirror of "mirrors"; the mirrors of a stack have one owner.',
      ].toSorted(),
    );
  });

  it("gives a primary no mirror, and asks for no entry of an app's repository", () =>
    expect(faultsOf(primary([BOTH, { repository: "CastChat/castchat" }])).toSorted()).toEqual([
      'repositories[0].gitlabMirror is "backup/b", but only a standby has a mirror of the code; remove it.',
      'repositories[0].mirror is "mirrors/b", but only a standby has a mirror of the code; remove it.',
      'repositories[1].repository is "CastChat/castchat", which an app has already; remove the entry.',
    ]));
});
