import vm from "node:vm";
import { TestEnvironment } from "jest-environment-node";

const { createContext } = vm;

/**
 * Jest's Node environment with Node's own globals. Jest's own environment has a contextified global object, so each use of a global name is
 * a lookup there: a loop with `Math` takes seventy times as long. It also keeps a hundred lines of every stack and looks each up in a
 * source map, and Pulumi takes a stack of every promise.
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
