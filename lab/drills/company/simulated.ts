/** The replacements of real services in the sandbox. Every report lists them. */
export const SIMULATED = [
  "AWS by ministack behind one gateway a region; a lost region is a gateway that no longer listens; CloudTrail delivers no logs, S3 encrypts without checking the caller's rights in KMS, MFA codes are not checked, and the root user acts as an engineer who may assume the vault's roles",
  "CodeBuild by processes of this machine in place of containers, with the rights of the build's role; EventBridge Scheduler's clock is advanced",
  "Supabase's Management API, its auth and its storage service by emulators, which keep edge functions and never run them; each project is a real Postgres 17 server, created in seconds rather than minutes",
  "Vercel by an emulator; deployments are real processes, built without a build step",
  "GitHub's API by an emulator; its git is real git over HTTP",
  "Cloudflare by an emulator; an edge proxy follows its records in place of name servers and caches",
  "the Pulumi providers aws, vercel, github and cloudflare by small ones that speak to those services; the engine and provider recovery are the real ones",
  "network distance: everything is on this machine",
] as const;
