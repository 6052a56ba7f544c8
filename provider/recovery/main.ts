import { serveProvider } from "../host/index.ts";
import { recoveryProvider } from "./definition.ts";

// The engine starts this file through provider/pulumi-resource-recovery.
await serveProvider(recoveryProvider);
