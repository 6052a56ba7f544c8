export { isAlive, isSameProcess, startTicks } from "../../../services/common/processes.ts";
