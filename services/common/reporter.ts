/** Takes the progress of a long operation, one plain sentence at a time, without secrets. */
export type Reporter = (message: string) => void;

/** Says nothing. */
export const silent: Reporter = () => undefined;
