/** Reads the time. Code that needs a date takes a clock, so that a test decides the date. All dates are UTC. */
export type Clock = () => Date;

/** The machine's clock. */
export const systemClock: Clock = () => new Date();
