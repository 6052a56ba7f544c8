import { localThrowaway } from "../../../../../recovery/verify/throwaway/localThrowaway.ts";
import { scratchThrowaway } from "../../../../../recovery/verify/throwaway/scratchThrowaway.ts";
import { wishFor } from "../../../support/throwaways.ts";

/** Makes a throwaway in a process of its own, says where it is, and waits to be killed. */
const { scratchUrl } = JSON.parse(process.argv[2] ?? "{}") as { scratchUrl?: string };
const source = scratchUrl === undefined ? localThrowaway(process.env) : scratchThrowaway(scratchUrl);
const made = await source.create(wishFor());
process.stdout.write(`${JSON.stringify({ name: made.name, adminUrl: made.adminUrl })}\n`);
setInterval(() => undefined, 1_000);
