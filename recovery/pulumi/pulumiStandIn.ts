// Only this part of the SDK: the whole of it takes three times as long to load.
import { main, type Provider } from "@pulumi/pulumi/provider/index.js";

/**
 * Stands for a public provider in a preview that is made apart: it takes every input as it comes and asks no service anything. The engine
 * starts it as a plugin.
 */
const provider: Provider = {
  version: "0.0.1",
  check: (_urn, _olds, news: unknown) => Promise.resolve({ inputs: news, failures: [] }),
  invoke: (token) => Promise.reject(new Error(`A preview of a new stack can't know the answer to ${token}.`)),
};

await main(provider, process.argv.slice(2));
