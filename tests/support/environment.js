import vm from "node:vm";
import { TestEnvironment } from "jest-environment-node";

const { compileFunction, createContext } = vm;

/** What this process has compiled, by file. */
const compiled = new Map();

/**
 * Compiles a module as Node does. Each suite loads its modules afresh, so a worker compiles each of them many times: every time but the
 * first, from V8's cache. V8 compares no more than the length of the text, so the whole text is compared here.
 */
vm.compileFunction = (text, parameters, options) => {
  const known = compiled.get(options.filename);
  const cachedData = known?.text === text ? known.cachedData : undefined;
  const made = compileFunction(text, parameters, {
    ...options,
    cachedData,
    produceCachedData: cachedData === undefined,
  });
  if (made.cachedData !== undefined) compiled.set(options.filename, { text, cachedData: made.cachedData });
  return made;
};

/**
 * Jest's Node environment with Node's own globals. Jest's own environment has a contextified global object, so each use of a global name is
 * a lookup there: a loop with `Math` takes seventy times as long. It also keeps a hundred lines of every stack and looks each up in a
 * source map, and Pulumi takes a stack, by an error without a message, of every promise and resource.
 */
export default class PlainEnvironment extends TestEnvironment {
  constructor(config, context) {
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    try {
      super(config, context);
    } finally {
      vm.createContext = createContext;
    }
    this.global.Error.stackTraceLimit = Error.stackTraceLimit;
    this.global.Error.prepareStackTrace = (error, frames) =>
      error.message === "" ? `Error\n    at ${frames.join("\n    at ")}` : Error.prepareStackTrace(error, frames);
  }
}
