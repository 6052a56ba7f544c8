/** What a Postgres program may need of the caller's environment: where things lie, and in which language and time it speaks. */
const PASSED_ON =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_[A-Z]+|TZ|TMPDIR|(LD|DYLD)_[A-Z_]+|OPENSSL_CONF|SSL_CERT_(FILE|DIR)|SYSTEMROOT)$/;

/**
 * The environment of a child process that needs no secret of ours: any process of the same user reads it in /proc, and a throwaway server
 * runs as a user that others run as too. What opens every backup (CASTCHAT_AGE_IDENTITY), and the tokens of the services, stay here. So does any PG…
 * of the caller's, which would change where a program goes and what it does.
 */
export function childEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => PASSED_ON.test(name)));
}
