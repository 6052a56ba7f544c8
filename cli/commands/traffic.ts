import { Command, Option } from "commander";

import { zoneOf } from "../../recovery/site/publicRecord.ts";
import {
  changeLifetimes,
  type LifetimeChange,
  planLowering,
  planSettling,
} from "../../recovery/site/recordLifetime.ts";
import { nameStatus } from "../../recovery/site/trafficStatus.ts";
import { systemClock } from "../../services/common/clock.ts";
import type { DnsHost } from "../../services/dns/dnsHost.ts";
import type { Settings } from "../../settings/settings.ts";
import { portsOf } from "../stack/services.ts";
import { readStack } from "../stack/stackContext.ts";
import { agreeWith } from "../terminal/confirm.ts";
import { example } from "../terminal/help.ts";
import { abortOnInterrupt } from "../terminal/interruption.ts";
import { jsonOption, stackOption } from "../terminal/options.ts";
import { printResult } from "../terminal/progress.ts";
import { lifetimeLine, nameLines } from "../text/trafficText.ts";

interface Options {
  stack: string;
  yes?: boolean;
  json?: boolean;
}

/** `castchat-recovery traffic`: the public names, and the lifetimes of their records around a planned move. */
export function trafficCommand(): Command {
  return new Command("traffic")
    .addCommand(statusCommand())
    .addCommand(
      lifetimes("prepare", "before a planned move, lower the TTL of the public names' records to 60 s", {
        plan: (dns, zoneId, name, signal) => planLowering(dns, zoneId, name, systemClock(), signal),
        none: "Every record is short or proxied already: nothing was changed.",
        done: (changes, stack) => {
          const until = new Date(Math.max(...changes.map(({ lowered }) => lowered.until.getTime())));
          return [
            `Resolvers may keep the old lifetimes until ${until.toISOString()}. Move the names after that.`,
            `Once the move has held, type: castchat-recovery traffic settle -s ${stack}`,
          ];
        },
      }),
    )
    .addCommand(
      lifetimes("settle", "after the move, put the TTLs back that `traffic prepare` has lowered", {
        plan: planSettling,
        none: "`traffic prepare` has lowered no record: nothing was changed.",
        done: () => ["The records have the lifetimes of before."],
      }),
    );
}

function statusCommand(): Command {
  return new Command("status")
    .description("show each public name: its holder, its records and TTLs, and which stack serves it")
    .addOption(stackOption())
    .addOption(jsonOption("names (publicName, holder, records, project, serves)"))
    .addHelpText("after", example("traffic status -s dr"))
    .action(async ({ stack, json }: Options) => {
      const signal = abortOnInterrupt();
      const { settings } = await readStack(stack, signal);
      const ports = portsOf(settings);
      const services = { dns: ports.dns(), appHost: ports.appHost() };
      const names = await Promise.all(
        namesOf(settings).map(async ({ publicName, app }) => {
          const zoneId = await zoneOf(services.dns, { publicName, zoneName: settings.zoneName }, signal);
          return nameStatus(services, { zoneId, publicName, app }, signal);
        }),
      );
      printResult({ names }, json === true, names.flatMap(nameLines));
    });
}

/** How a command changes lifetimes. */
interface Work {
  plan: (dns: DnsHost, zoneId: string, name: string, signal: AbortSignal) => Promise<LifetimeChange[]>;
  /** What it says if there is nothing to change. */
  none: string;
  done: (changes: readonly LifetimeChange[], stack: string) => string[];
}

function lifetimes(name: string, description: string, { plan, none, done }: Work): Command {
  return new Command(name)
    .description(description)
    .addOption(stackOption())
    .addOption(new Option("--yes", "do not ask"))
    .addOption(jsonOption("changed (name, type, content, ttlSeconds, was, until)"))
    .addHelpText("after", example(`traffic ${name} -s prod`))
    .action(async ({ stack, yes, json }: Options) => {
      const signal = abortOnInterrupt();
      const { settings } = await readStack(stack, signal);
      const dns = portsOf(settings).dns();
      const { zoneName } = settings;
      const changes: LifetimeChange[] = [];
      const names = namesOf(settings).map(({ publicName }) => publicName);
      // A zone without a public name is a setting's fault, which is found before anything is changed.
      const zoneIds = await Promise.all(names.map((publicName) => zoneOf(dns, { publicName, zoneName }, signal)));
      const [zoneId = ""] = zoneIds;
      for (const publicName of names) changes.push(...(await plan(dns, zoneId, publicName, signal)));
      await agreeWith(yes === true || changes.length === 0)(changes.map(lifetimeLine));
      await changeLifetimes(dns, zoneId, changes, signal);
      const changed = changes.map(({ record, to, lowered }) => ({
        name: record.name,
        type: record.type,
        content: record.content,
        ttlSeconds: to.ttlSeconds ?? null,
        was: record.ttlSeconds ?? null,
        until: lowered.until.toISOString(),
      }));
      printResult({ changed }, json === true, changes.length === 0 ? [none] : done(changes, stack));
    });
}

function namesOf({ apps }: Pick<Settings, "apps">) {
  return apps.flatMap((app) => app.publicNames.map((publicName) => ({ publicName, app })));
}
