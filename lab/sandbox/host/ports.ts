export { LOOPBACK, freePort, freePorts, isFree } from "../../../services/common/ports.ts";
