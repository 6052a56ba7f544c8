export { isAlive, isSameProcess, startTicks } from "../clients/processes.ts";
