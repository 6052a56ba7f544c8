/**
 * Loaded first by every process of Node that a test run starts. Pulumi's SDK prepares for what no program of ours does: it loads what
 * serializes functions, sends traces and reads TypeScript, and connects a debugger. That is a third of a program's CPU. Here these parts are
 * loaded when they are used.
 */
import Module from "node:module";

/** Modules that the SDK loads at its start. */
const ON_DEMAND = new Set([
  "@npmcli/arborist",
  "@opentelemetry/exporter-zipkin",
  "@opentelemetry/instrumentation",
  "@opentelemetry/instrumentation-grpc",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-trace-base",
  "@opentelemetry/sdk-trace-node",
]);
/** Modules that change the whole process when they are loaded. */
const WITHOUT_EFFECT = new Map([
  // Node runs the files as they are written, so stacks are right without source maps.
  ["source-map-support/register", {}],
  // Only functions to be serialized are looked up in the debugger.
  [
    "inspector",
    {
      Session: class {
        connect() {}
        addListener() {}
        post(_, ended) {
          setImmediate(ended);
        }
      },
    },
  ],
]);

const load = Module._load;
const isOfSdk = (parent) => /[/\\]@pulumi[/\\]pulumi[/\\]/.test(parent?.filename ?? "");

Module._load = function (request, parent, isMain) {
  if (!isOfSdk(parent)) return load(request, parent, isMain);
  if (WITHOUT_EFFECT.has(request)) return WITHOUT_EFFECT.get(request);
  return ON_DEMAND.has(request) ? whenUsed(() => load(request, parent, isMain)) : load(request, parent, isMain);
};

/** Stands for a module; `real` loads it. */
function whenUsed(real) {
  return new Proxy(() => undefined, {
    get: (_, name) => (name === "__esModule" ? true : (real()[name] ?? (name === "default" ? real() : undefined))),
    has: (_, name) => name in real(),
  });
}

// The language host that `make setup` builds takes no notice of `typescript: false` (Pulumi.yaml), as the official one does.
delete process.env["PULUMI_NODEJS_TYPESCRIPT"];
