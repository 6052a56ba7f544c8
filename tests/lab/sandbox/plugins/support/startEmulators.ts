import type { AddressInfo } from "node:net";

import { serve } from "@hono/node-server";

import { createCloudflareEmulator } from "../../../../../lab/sandbox/emulators/cloudflare.ts";
import { createGithubEmulator } from "../../../../../lab/sandbox/emulators/github.ts";
import { createVercelEmulator } from "../../../../../lab/sandbox/emulators/vercel.ts";
import { layout } from "../../../../../lab/sandbox/host/layout.ts";
import type { AppRunner } from "../../../../../lab/sandbox/host/services.ts";
import { systemClock } from "../../../../../services/common/clock.ts";
import { contractBreaches, underContract } from "../../../../support/contracts/witness.ts";

/**
 * Serves the emulators of Vercel, GitHub and Cloudflare from a folder, all with the token `token`, and prints their
 * addresses as JSON. Ends with its standard input; the exit code is 1, and the breaches are on standard error, if a request or an answer was
 * not as the service describes it.
 */
const paths = layout(process.argv[2] ?? "");
const token = process.argv[3] ?? "";
const credentials = {
  awsAccessKeyId: "",
  awsSecretAccessKey: "",
  vercelToken: token,
  githubToken: token,
  mirrorGithubToken: "",
  gitlabToken: "",
  cloudflareToken: token,
  supabaseToken: token,
  passphrase: "",
  ageIdentity: "AGE-SECRET-KEY-of-no-use",
};
const apps: AppRunner = {
  start: () => Promise.reject(new Error("No app is started in this test.")),
  stop: () => Promise.resolve(),
  portOf: () => undefined,
};
const dependencies = { paths, credentials, apps, clock: systemClock };
const services = {
  vercel: underContract("vercel", createVercelEmulator(dependencies)).app,
  github: underContract("github", createGithubEmulator(dependencies)).app,
  cloudflare: underContract("cloudflare", createCloudflareEmulator(dependencies)).app,
};

const addresses: Record<string, string> = {};
for (const [name, { fetch }] of Object.entries(services)) {
  const { port } = await new Promise<AddressInfo>((resolve) => {
    serve({ fetch, hostname: "127.0.0.1", port: 0 }, resolve);
  });
  addresses[name] = `http://127.0.0.1:${port}`;
}
process.stdout.write(`${JSON.stringify(addresses)}\n`);
process.stdin
  .on("end", () => {
    for (const breach of contractBreaches) process.stderr.write(`${breach}\n`);
    process.exit(contractBreaches.size === 0 ? 0 : 1);
  })
  .resume();
