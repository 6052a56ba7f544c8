import type { AwsFacts } from "../../services/aws/awsFacts.ts";
import { lookAtServer } from "./databaseFacts.ts";
import { thisMachine } from "./machine.ts";
import type { DoctorPorts } from "./subject.ts";

/** What the composition root gives for an examination. */
export interface ExaminedServices {
  readonly ports: Omit<DoctorPorts, "aws" | "awsOfState" | "database" | "machine" | "inspectToken"> & {
    readonly awsFacts: (elsewhere?: { region: string; endpoint?: string | undefined }) => AwsFacts;
  };
  readonly inspectToken: DoctorPorts["inspectToken"];
}

/** The services that an examination asks, this machine and a database's server. None of them is asked before it is needed. */
export function doctorPorts(
  { ports, inspectToken }: ExaminedServices,
  awsRegion: string,
  environment: NodeJS.ProcessEnv,
): DoctorPorts {
  return {
    ...ports,
    inspectToken,
    aws: () => ports.awsFacts(),
    awsOfState: ({ region = awsRegion, endpoint }) => ports.awsFacts({ region, endpoint }),
    database: lookAtServer,
    machine: thisMachine(environment),
  };
}
