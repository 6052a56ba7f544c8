import { z } from "zod";

import { text } from "./text.ts";

/** The empty command skips the step. The length is Vercel's limit (https://vercel.com/docs/rest-api/projects/update-an-existing-project). */
const command = text(/^\P{Cc}{0,256}$/u, "a command in one line, at most 256 characters");

/** How an app is built and where its functions run, in Vercel's words. A setting that is left out is left to Vercel. */
export const APP_BUILD = z
  .strictObject(
    {
      /** Without one, Vercel serves the files of a new project as they are, unless the app's `vercel.json` names one. */
      framework: text(/^[a-z0-9][a-z0-9-]{0,49}$/, "the slug of a framework as Vercel lists them, such as nextjs"),
      /** The app's folder in a repository with several. */
      rootDirectory: text(
        /^(?![/.]*\/)(?!\.*$)(?!.*\/\.{0,2}(?:\/|$))[^\p{Cc}\\]{1,256}$/u,
        "a folder of the repository, such as apps/web",
      ),
      buildCommand: command,
      installCommand: command,
      devCommand: command,
      /** Relative to the app's folder. */
      outputDirectory: text(/^(?!\/)[^\p{Cc}\\]{1,256}$/u, "a folder relative to the app's, such as dist"),
      nodeVersion: text(/^[1-9]\d?\.x$/, "a version of Node as Vercel writes it, such as 24.x"),
      functionRegion: text(/^[a-z]{3}\d$/, "a region of Vercel such as hnd1, near the app's database"),
    },
    { error: "an object of build settings" },
  )
  .partial()
  .readonly();

/** See {@link APP_BUILD}. */
export type AppBuild = z.output<typeof APP_BUILD>;
