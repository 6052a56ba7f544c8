import { sleep } from "../../services/common/timing.ts";
import { edgeThroughProtection } from "../site/deploymentProtection.ts";
import { judge, type Judgement } from "./judge.ts";
import type { RollbackPorts, RolledApp } from "./ports.ts";
import { askHealth, probeAsUser, type ProbedAddress, probeOnce, type Sample } from "./probes.ts";

/** Rounds before a move: of the deployment that is left, and of the one that is meant. */
const ROUNDS_BEFORE = 10;
/** Rounds after a move in which the network's edge may still answer from the deployment before. */
const MOVING_ROUNDS = 10;
/** Logins and writes in a window: each writes into the app's database. */
const USER_ROUNDS = 3;

/** Asks a deployment at its own address, through the project's protection. */
export async function probeDeployment(
  ports: RollbackPorts,
  app: RolledApp,
  deployment: { id: string; url: string; projectId: string },
): Promise<Sample[]> {
  const { signal } = ports;
  const { id, url, projectId } = deployment;
  const edge = await edgeThroughProtection(ports, projectId, url, signal);
  const at = probed(ports, app, { edge, address: url, expectedId: id });
  const everyMs = Math.min(ports.watch.everyMs, ports.watch.windowMs / (2 * ROUNDS_BEFORE));
  return await rounds(ROUNDS_BEFORE, everyMs, () => probeOnce(at, signal), signal);
}

/**
 * Watches an app under its public names for the whole window, as its visitors and its test user see it, and judges it.
 *
 * @param before answers of the deployment that served before, to compare with
 */
export async function watchServed(
  ports: RollbackPorts,
  app: RolledApp,
  servedId: string,
  before: readonly Sample[],
): Promise<Judgement> {
  const { watch, signal, reporter, edge } = ports;
  const [first, ...others] = app.publicNames.map((name) =>
    probed(ports, app, { edge, address: `https://${name}`, expectedId: servedId }),
  );
  if (first === undefined) return { verdict: "inconclusive", reasons: ["The app has no public name to ask."] };
  await untilMoved(first, watch.everyMs, signal);
  const count = Math.max(1, Math.round(watch.windowMs / watch.everyMs));
  const asUserEvery = Math.max(1, Math.floor(count / USER_ROUNDS));
  let done = 0;
  const samples = await rounds(
    count,
    watch.everyMs,
    async () => {
      reporter(`watching ${app.publicNames.join(", ")}: ${Math.round((100 * done) / count)} %`);
      const visits = await Promise.all([first, ...others].map((at) => probeOnce(at, signal)));
      const asUser = done % asUserEvery === 0 ? await probeAsUser(first, ports.logIn, signal) : [];
      done += 1;
      return [...visits.flat(), ...asUser];
    },
    signal,
  );
  return judge(samples, before);
}

/** Waits until the name no longer leads to another deployment, as far as the app says which one answers; not for ever. */
async function untilMoved(at: ProbedAddress, everyMs: number, signal: AbortSignal): Promise<void> {
  for (let round = 0; round < MOVING_ROUNDS; round += 1) {
    const { answeredBy } = await askHealth(at, signal);
    if (answeredBy === undefined) return;
    await sleep(everyMs, signal);
  }
}

function probed(
  { clock }: RollbackPorts,
  app: RolledApp,
  at: Pick<ProbedAddress, "edge" | "address" | "expectedId">,
): ProbedAddress {
  const { healthPath, healthAnswer, probes } = app;
  return { healthPath, healthAnswer, probes, now: () => clock().getTime(), ...at };
}

async function rounds(
  count: number,
  everyMs: number,
  ask: () => Promise<Sample[]>,
  signal: AbortSignal,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (let number = 0; number < count; number += 1) {
    if (number > 0) await sleep(everyMs, signal);
    samples.push(...(await ask()));
  }
  return samples;
}
