import { PrimarySite } from "./components/primarySite.ts";
import type { SiteOutputs } from "./components/siteOutputs.ts";
import { StandbySite } from "./components/standbySite.ts";
import { createProviders } from "./providers.ts";
import { scheduledRun } from "./scheduledRun.ts";
import { loadSettings } from "./settings.ts";

/** The program: settings in, components out. The engine calls it; so can an inline program, more than once in a process. */
export default function program(): SiteOutputs {
  const settings = loadSettings();
  const providers = createProviders(settings);
  const run = { scheduledRun: scheduledRun(settings) };
  const site =
    settings.role === "primary"
      ? new PrimarySite("primary", { ...settings, ...run }, { providers })
      : new StandbySite("standby", { ...settings, ...run }, { providers });
  return site.outputs;
}
