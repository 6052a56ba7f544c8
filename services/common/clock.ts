/** Tells the time. Injected wherever a date matters, so that tests decide it; all dates are UTC. */
export type Clock = () => Date;

/** The machine's clock. */
export const systemClock: Clock = () => new Date();
