export { freePort, freePorts, isFree, LOOPBACK } from "../../../services/common/ports.ts";
