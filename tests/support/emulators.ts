import { afterAll, expect } from "@jest/globals";

import * as cloudflare from "../../lab/sandbox/emulators/cloudflare.ts";
import * as github from "../../lab/sandbox/emulators/github.ts";
import * as gitlab from "../../lab/sandbox/emulators/gitlab.ts";
import * as supabase from "../../lab/sandbox/emulators/supabase.ts";
import * as vercel from "../../lab/sandbox/emulators/vercel.ts";
import { contractBreaches, underContract } from "./contracts/witness.ts";

/**
 * The emulators as every suite uses them: requests and answers are held against the services' published descriptions, and the suite fails
 * if one of them differs. `tests/support/contracts/exceptions.ts` lists the exceptions.
 */
export const createCloudflareEmulator = (...args: Parameters<typeof cloudflare.createCloudflareEmulator>) =>
  underContract("cloudflare", cloudflare.createCloudflareEmulator(...args));
export const createGithubEmulator = (...args: Parameters<typeof github.createGithubEmulator>) =>
  underContract("github", github.createGithubEmulator(...args));
export const createGitlabEmulator = (...args: Parameters<typeof gitlab.createGitlabEmulator>) =>
  underContract("gitlab", gitlab.createGitlabEmulator(...args));
export const createSupabaseEmulator = (...args: Parameters<typeof supabase.createSupabaseEmulator>) =>
  underContract("supabase", supabase.createSupabaseEmulator(...args));
export const createVercelEmulator = (...args: Parameters<typeof vercel.createVercelEmulator>) =>
  underContract("vercel", vercel.createVercelEmulator(...args));

afterAll(() => expect([...contractBreaches]).toEqual([]));
