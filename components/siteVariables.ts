import type * as pulumi from "@pulumi/pulumi";

import type { App } from "../settings/apps.ts";
import { nameOfPart } from "../settings/managedParts.ts";
import type { SealedVariables } from "./application.ts";
import type { BackupVault } from "./backupVault.ts";
import { SealedEnvironment } from "./recovery/sealedEnvironment.ts";

/** Which apps' variables, and what for. */
export interface SiteVariablesArgs {
  readonly apps: readonly App[];
  readonly stack: string;
  readonly generation: number;
  /** A site that stands by sets none. */
  readonly mode: "standby" | "active" | "drill";
  /** @default false */
  readonly withoutVariables?: boolean | undefined;
  readonly vault: BackupVault;
  readonly trustedWriterKeys: pulumi.Output<string[]>;
}

/** The sealed variables of a site's apps, and the resources that open them before anything is built. */
export interface SiteVariables {
  readonly opened: pulumi.Resource[];
  readonly of: (app: App) => SealedVariables | undefined;
}

/** Declares the sealed variables of each app. */
export function openVariables(
  { apps, stack, generation, mode, withoutVariables = false, vault, trustedWriterKeys }: SiteVariablesArgs,
  opts: pulumi.ComponentResourceOptions,
): SiteVariables {
  if (mode === "standby" || withoutVariables) return { opened: [], of: () => undefined };
  const from = { mode, vaultBucket: vault.bucket, trustedWriterKeys };
  // A drill's parts have names of their own (standbySite.ts).
  const part = mode === "drill" ? "drill-sealed-environment" : "sealed-environment";
  const sealed = new Map(
    apps.map((app) => {
      const { name, project: projectName } = app;
      const named = { projectName, ...(name !== undefined && { app: name }), stack, generation };
      return [app, new SealedEnvironment(nameOfPart(part, app), { ...named, ...from }, opts)];
    }),
  );
  const of = (app: App): SealedVariables | undefined => {
    const backupId = sealed.get(app)?.backupId;
    return backupId && { ...from, backupId };
  };
  return { opened: [...sealed.values()], of };
}
