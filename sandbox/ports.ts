export { LOOPBACK, freePort, freePorts, isFree } from "../clients/ports.ts";
