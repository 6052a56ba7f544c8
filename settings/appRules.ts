import type { App } from "./apps.ts";
import type { SettingValues } from "./schema.ts";
import { fault, type SettingFault } from "./settingFault.ts";

type Values = Partial<SettingValues>;
type OfApp = keyof App;

/** As plugin vercel allows: https://github.com/vercel/terraform-provider-vercel, vercel/resource_project.go. */
const DECLARED_NAME = /^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/;

/** Keys of an app that have an effect in one role only, with what that role does with them. */
const OF_ONE_ROLE: readonly (readonly [SettingValues["role"], string, readonly OfApp[]])[] = [
  ["primary", "has an app that may exist already", ["state", "gitRepository"]],
  ["standby", "stops the other stack's app", ["peerProject"]],
  ["standby", "keeps a probe name", ["probeName"]],
  ["standby", "has a mirror of the code", ["mirror"]],
];

/** Checks the rules of each app, and between apps. */
export function* appFaults(values: Values): Generator<SettingFault> {
  const { apps = [], takeover = [] } = values;
  for (const [index, app] of apps.entries())
    for (const sentence of [...faultsOfApp(app, values), ...faultsBeside(app, apps.slice(0, index))])
      yield fault(["apps"], `[${index}]${sentence}`);
  const known = apps.flatMap(({ publicNames }) => publicNames);
  for (const name of takeover.filter((one) => !known.includes(one)))
    yield fault(
      ["takeover", "apps"],
      `has ${JSON.stringify(name)}, which is no public name of an app; the names are ${known.join(", ")}.`,
    );
}

/** Faults of one app, each to follow its place in the list. */
function* faultsOfApp(app: App, { role, zoneName }: Values): Generator<string> {
  for (const [only, does, keys] of OF_ONE_ROLE)
    for (const key of keys)
      if (role !== undefined && role !== only && app[key] !== undefined)
        yield `.${key} is ${JSON.stringify(app[key])}, but only a ${only} ${does}; remove it.`;
  if (role === "standby" && app.mirror === undefined)
    yield ".mirror is not set, but a standby needs it for its mirror of the code; set it.";
  const declared = role === "standby" || (app.state ?? "existing") !== "existing";
  if (role !== undefined && declared && !DECLARED_NAME.test(app.project))
    yield app.state === "managed"
      ? `.project is ${JSON.stringify(app.project)}, and Pulumi's provider takes names of small letters, digits and hyphens only, at most 52; set state to "existing".`
      : `.project is ${JSON.stringify(app.project)}; the name of a new Vercel project has small letters, digits and hyphens, at most 52.`;
  if (role === "primary" && app.gitRepository !== undefined && app.state !== "managed")
    yield `.gitRepository is set, but state is "${app.state ?? "existing"}", with which it has no effect; remove it.`;
  for (const [index, name] of app.publicNames.entries())
    if (zoneName !== undefined && !`.${name}`.endsWith(`.${zoneName}`))
      yield `.publicNames[${index}] is "${name}", which is not in the zone "${zoneName}"; choose a name that ends in it.`;
  if (app.probeName !== undefined && zoneName !== undefined && !app.probeName.endsWith(`.${zoneName}`))
    yield `.probeName is "${app.probeName}", which is not in the zone "${zoneName}"; choose a name that ends in it.`;
  if (app.probeName !== undefined && app.publicNames.includes(app.probeName))
    yield `.probeName is "${app.probeName}", one of its publicNames; choose a name that no visitor uses.`;
  if (app.peerProject === app.project)
    yield `.peerProject is "${app.peerProject}", the same as project. A recovery would stop its own app; set the other stack's project.`;
}

/** What an app may not share with those before it. */
function* faultsBeside(app: App, before: readonly App[]): Generator<string> {
  for (const other of before) {
    if (other.name === app.name)
      yield app.name === undefined
        ? ".name is not set, and neither is that of an app before it; give every app but one a name."
        : `.name is "${app.name}", as that of an app before it; choose another.`;
    if (other.project === app.project)
      yield `.project is "${app.project}", as that of an app before it; an app has a Vercel project of its own.`;
    for (const name of app.publicNames.filter((one) => other.publicNames.includes(one)))
      yield `.publicNames has "${name}", as an app before it; a name leads to one app.`;
  }
}
