/** Told how far a long operation is, in one plain sentence a time. Never given a secret. */
export type Reporter = (message: string) => void;

/** Says nothing. */
export const silent: Reporter = () => undefined;
