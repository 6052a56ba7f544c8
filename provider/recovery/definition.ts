import { type ProviderDefinition, providerFunction, resource } from "../host/index.ts";
import { adoption } from "./adoption.ts";
import { appDeployment } from "./appDeployment.ts";
import { appEnvironment } from "./appEnvironment.ts";
import { type RecoveryConfig, recoveryConfig, type RecoveryContext, recoveryContext } from "./context.ts";
import { databasePassword } from "./databasePassword.ts";
import { databaseRestore } from "./databaseRestore.ts";
import { examination } from "./examination.ts";
import { existingDatabase } from "./existingDatabase.ts";
import { generations } from "./generations.ts";
import { liveBuild } from "./liveBuild.ts";
import { mirrorProject } from "./mirrorProject.ts";
import { primaryFence } from "./primaryFence.ts";
import { probeName } from "./probeName.ts";
import { sealedEnvironment } from "./sealedEnvironment.ts";
import { supabaseProject } from "./supabaseProject.ts";
import { trafficCheck } from "./trafficCheck.ts";
import { trafficLease } from "./trafficLease.ts";
import { trafficSwitch } from "./trafficSwitch.ts";

/** Provider `recovery`: the few resources that no public provider offers. */
export const recoveryProvider: ProviderDefinition<RecoveryConfig, RecoveryContext> = {
  name: "recovery",
  version: "0.1.0",
  config: recoveryConfig,
  context: (config) => recoveryContext(config),
  resources: {
    "recovery:index:Generations": resource(generations),
    "recovery:index:Adoption": resource(adoption),
    "recovery:index:DatabasePassword": resource(databasePassword),
    "recovery:index:SupabaseProject": resource(supabaseProject),
    "recovery:index:ExistingDatabase": resource(existingDatabase),
    "recovery:index:PrimaryFence": resource(primaryFence),
    "recovery:index:DatabaseRestore": resource(databaseRestore),
    "recovery:index:SealedEnvironment": resource(sealedEnvironment),
    "recovery:index:AppEnvironment": resource(appEnvironment),
    "recovery:index:AppDeployment": resource(appDeployment),
    "recovery:index:ProbeName": resource(probeName),
    "recovery:index:TrafficCheck": resource(trafficCheck),
    "recovery:index:TrafficSwitch": resource(trafficSwitch),
    "recovery:index:MirrorProject": resource(mirrorProject),
  },
  functions: {
    "recovery:index:trafficLease": providerFunction(trafficLease),
    "recovery:index:liveBuild": providerFunction(liveBuild),
    "recovery:index:examination": providerFunction(examination),
  },
};
