import { serveProvider } from "../host/index.ts";
import { recoveryProvider } from "./definition.ts";

// Started by the engine through provider/pulumi-resource-recovery.
await serveProvider(recoveryProvider);
