import type * as pulumi from "@pulumi/pulumi";

import { drillName } from "../planning/names.ts";
import type { App } from "../settings/apps.ts";
import { nameOfPart } from "../settings/managedParts.ts";
import type { StandbySettings } from "../settings/settings.ts";
import type { Application } from "./application.ts";
import { callsIn } from "./recoveredRelease.ts";
import type { ProbeName } from "./recovery/probeName.ts";
import { TrafficCheck } from "./recovery/trafficCheck.ts";
import { checkTrafficLease } from "./recovery/trafficLease.ts";
import { TrafficSwitch } from "./recovery/trafficSwitch.ts";
import { healthOf, nameOfTraffic, type SiteArgs } from "./siteArgs.ts";
import type { RunningApp } from "./siteOutputs.ts";

/** What the move of the public names follows. */
type TrafficArgs = Pick<SiteArgs, "zoneName" | "stack" | "generation" | "protect"> &
  Readonly<Pick<StandbySettings, "mode"> & Partial<Pick<StandbySettings, "takeover">>>;

/** An app of the standby, and the name under which it is tried first. */
interface ReadyApp {
  app: App;
  application: Application;
  probe: ProbeName;
}

/**
 * Leads the public names of all apps to their recovered deployments. An app may answer under several names, so none moves before all names of all
 * apps are proven.
 */
export function takeTraffic(
  args: TrafficArgs,
  applications: readonly ReadyApp[],
  parent: pulumi.Resource,
): RunningApp[] {
  const apps = applications.map((one) => ({ ...one, ...checkNames(args, one, parent) }));
  const checks = apps.map(({ check }) => check);
  const { mode, protect } = args;
  return apps.map(({ app, application, names, target }) => ({
    app,
    application,
    switches: names.map(
      ({ name, taken }) =>
        new TrafficSwitch(
          nameOfTraffic(partName(mode, "traffic"), app, name),
          { ...taken, ...target, ...callsIn(mode) },
          { parent, protect: mode === "active" && protect, dependsOn: [application, ...checks] },
        ),
    ),
    publicNames: names.map(({ taken }) => taken.publicName),
  }));
}

/** Declares the check of an app's names. Each lease is looked at before that, also in a preview. */
function checkNames(
  { mode, zoneName, stack, generation, takeover = [] }: TrafficArgs,
  { app, application, probe }: ReadyApp,
  parent: pulumi.Resource,
) {
  const names = app.publicNames.map((name) => {
    const publicName = mode === "drill" ? drillName(name) : name;
    const wanted = { publicName, ...(takeover.includes(publicName) && { takeover: true }) };
    const lease = checkTrafficLease({ ...wanted, zoneName, stack, generation, projectName: app.project }, parent, {
      parent,
    });
    return { name, taken: { ...wanted, shown: lease.apply(({ seen = [] }) => seen) } };
  });
  const target = {
    zoneName,
    generation,
    projectId: application.projectId,
    deploymentUrl: application.deploymentUrl,
    stack,
    ...healthOf(app),
  };
  const check = new TrafficCheck(
    nameOfPart(partName(mode, "traffic-check"), app),
    { ...target, probeName: probe.keptName, names: names.map(({ taken }) => taken) },
    { parent, dependsOn: [application, probe] },
  );
  return { names, target, check };
}

/**
 * A drill's parts have names of their own, so that the engine never sees them as changed parts of the recovered site. A change from active
 * to drill would delete protected resources, and is refused.
 */
export function partName(mode: TrafficArgs["mode"], part: string): string {
  return mode === "drill" ? `drill-${part}` : part;
}
