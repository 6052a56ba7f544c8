import { z } from "zod";

import { APP_CONNECTIONS } from "../planning/appConnection.ts";
import { HEALTH_PATH } from "../planning/names.ts";
import { APP_BUILD } from "./appBuild.ts";
import { APP_PROBES } from "./appProbes.ts";
import { HEALTH_ANSWER } from "./healthAnswer.ts";
import { text } from "./text.ts";

/**
 * What a live thing is to this program. `existing`: it is read and backed up, and never created, changed or deleted. `managed`: it existed
 * before, `castchat-recovery adopt` has brought it under Pulumi, and no stack deletes it. `create`: the program creates it, and it belongs to
 * the stack.
 */
export const STATES = ["existing", "managed", "create"] as const;
export type LiveState = (typeof STATES)[number];
/** A database is never managed: its state would hold what a recovery must be able to replace. */
export const DATABASE_STATES = ["existing", "create"] as const satisfies readonly LiveState[];

/** A host name, as DNS writes it. */
export const DOMAIN = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/;
/** A repository on GitHub. */
export const REPOSITORY = /^[A-Za-z0-9_.-]+\/[A-Za-z0-9_.-]+$/;
/** As Vercel allows. */
const VERCEL_NAME = /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/;
/** By the rules of `git check-ref-format --branch` (https://git-scm.com/docs/git-check-ref-format), for ASCII without control characters. */
const BRANCH =
  /^(?![-/.])(?!.*(?:\.\.|\/[/.]|@\{|\.lock(?:\/|$)))(?!refs\/heads\/)(?!@$)[^\s~^:?*[\\]*[^\s~^:?*[\\./]$/;

/** As Vercel's provider takes it (`vercel_project.git_repository` in https://github.com/vercel/terraform-provider-vercel). */
const GIT_LINK = z
  .strictObject(
    {
      type: z.enum(["github", "gitlab", "bitbucket"], { error: '"github", "gitlab" or "bitbucket"' }),
      repo: text(/^[^\s/]+(\/[^\s/]+)+$/, "a repository as owner/name"),
      /** Not set, Vercel's choice. */
      productionBranch: text(BRANCH, "the name of a branch, without refs/heads/").optional(),
    },
    { error: "an object with type and repo" },
  )
  .readonly();

const HOST = text(DOMAIN, "a host name such as app.example.com");

/** One of the apps, as `apps` lists it. */
const APP = z
  .strictObject(
    {
      /** Distinguishes apps in the names of resources. One app needs none, so that its resources keep their names. */
      name: text(/^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/, "a short name in small letters, such as web").optional(),
      /** The Vercel project. */
      project: text(VERCEL_NAME, "the name of a Vercel project, in small letters"),
      /** Primary only. */
      state: z.enum(STATES, { error: STATES.map((one) => `"${one}"`).join(" or ") }).optional(),
      /** Managed only: the repository that Vercel builds at each push. Without it the declared project has no link. */
      gitRepository: GIT_LINK.optional(),
      repository: text(REPOSITORY, "a GitHub repository as owner/name"),
      branch: text(BRANCH, "the name of a branch, without refs/heads/").default("main"),
      /** How Vercel builds it, and where its functions run. */
      build: APP_BUILD.optional(),
      /** How it reaches the database: docs/accounts.md. Not set, `transaction`. */
      connection: z.enum(APP_CONNECTIONS, { error: APP_CONNECTIONS.map((one) => `"${one}"`).join(" or ") }).optional(),
      /** Path at which the app answers for its health. */
      healthPath: text(/^\/[^\s?#]*$/, "a path that begins with a slash, without a query").default(HEALTH_PATH),
      /** The answer there that says that the app works. Not set, 200 with {"status":"ok"}. */
      healthAnswer: HEALTH_ANSWER.optional(),
      /** What a rollback asks beside the health path. */
      probes: APP_PROBES.optional(),
      /** The names that its users know. The first one stays the first. */
      publicNames: z.tuple([HOST], HOST, { error: "a list with at least one host name" }).readonly(),
      /** Standby only: the other stack's Vercel project, which a recovery stops. */
      peerProject: text(VERCEL_NAME, "the name of the other stack's Vercel project, in small letters").optional(),
      /** Standby only: the name under which a recovery tries the app before it moves one. Not set, `<project>-probe` in the zone. */
      probeName: HOST.optional(),
      /** Standby only: the repository's mirror. */
      mirror: text(REPOSITORY, "a GitHub repository as owner/name").optional(),
    },
    { error: "an app with project, repository and publicNames" },
  )
  .readonly();

/** An app of CastChat: its Vercel project, code and public names. */
export type App = z.output<typeof APP>;

/** The apps, the first one first. */
export const APPS = z.tuple([APP], APP, { error: "a list with at least one app" }).readonly();
