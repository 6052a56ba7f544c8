import type { ProviderResource } from "@pulumi/pulumi";

import type { Managing } from "./components/managed.ts";
import { PrimarySite } from "./components/primarySite.ts";
import { createProviders } from "./components/providers.ts";
import { Adoption } from "./components/recovery/adoption.ts";
import { warnOfFailedChecks } from "./components/recovery/examination.ts";
import { type DeclaredGenerations, Generations } from "./components/recovery/generations.ts";
import { RecoveryProvider } from "./components/recovery/recoveryProvider.ts";
import type { SiteOutputs } from "./components/siteOutputs.ts";
import { StandbySite } from "./components/standbySite.ts";
import { endWithEngine } from "./recovery/pulumi/endWithEngine.ts";
import { scheduledRun } from "./runner/scheduledRun.ts";
import { loadSettings } from "./settings/loadSettings.ts";
import { ADOPTION, importsIn, managedParts } from "./settings/managedParts.ts";
import type { PrimarySettings, StandbySettings } from "./settings/settings.ts";

// Pulumi's runtime takes the stack of each resource and promise, and looks every frame up in source maps. Node runs the files as they are
// written, so the stacks are right without, and the program takes a quarter less CPU.
Reflect.deleteProperty(Error, "prepareStackTrace");
endWithEngine();

/** The program: settings in, components out. The engine calls it; an inline program may call it more than once in a process. */
export default async function program(): Promise<SiteOutputs> {
  const settings = loadSettings();
  const providers = createProviders(settings);
  const run = { scheduledRun: scheduledRun(settings) };
  const { source } = run.scheduledRun;
  const deployed = source && { deployedCommit: source.commit };
  if (settings.role === "primary") {
    const managing = await managingOf(settings, providers);
    return { ...new PrimarySite("primary", { ...settings, ...run, managing }, { providers }).outputs, ...deployed };
  }
  const provider = recoveryProviderIn(providers);
  void warnOfFailedChecks(settings, { ...(provider && { provider }) });
  const generations = settings.mode === "active" ? await declaredGenerations(settings, providers) : undefined;
  return { ...new StandbySite("standby", { ...settings, ...run, generations }, { providers }).outputs, ...deployed };
}

/** What was adopted, which is known before anything else is declared: a managed part that was not is refused. */
async function managingOf(
  settings: PrimarySettings,
  providers: readonly ProviderResource[],
): Promise<Managing | undefined> {
  const parts = managedParts(settings).flatMap(({ resources }) => resources);
  if (parts.length === 0) return undefined;
  const imports = importsIn(process.env);
  const provider = recoveryProviderIn(providers);
  const args = { stack: settings.stack, parts, imports: imports?.ids };
  const adoption = new Adoption(ADOPTION, args, provider ? { provider } : {});
  // The record of what was adopted comes last, so that a broken-off adoption is none.
  if (imports && imports.bringIn.length > 0) return imports;
  return { ids: await adoption.known() };
}

/** Declared before anything else: the generations decide what the program declares. */
function declaredGenerations(
  settings: StandbySettings,
  providers: readonly ProviderResource[],
): Promise<DeclaredGenerations> {
  const { generation, stack, apps, zoneName, supabaseOrganization: organization, protect } = settings;
  const [publicName] = apps[0].publicNames;
  const provider = recoveryProviderIn(providers);
  return new Generations(
    "generations",
    { generation, stack, publicName, zoneName, organization },
    { protect, ...(provider && { provider }) },
  ).known();
}

function recoveryProviderIn(providers: readonly ProviderResource[]): RecoveryProvider | undefined {
  return providers.find((one) => one instanceof RecoveryProvider);
}
