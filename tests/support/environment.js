import vm from "node:vm";
import { TestEnvironment } from "jest-environment-node";

const { createContext } = vm;

/**
 * Jest's environment of Node as Node itself is. Jest's own has a contextified global object, which asks it about each global name
 * each time that a line of code says one: a loop that says `Math` takes seventy times as long. And it keeps a hundred lines of
 * every stack, each to be looked up in a source map: Pulumi takes one of every promise.
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
  }
}
