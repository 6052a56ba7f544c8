/** What a Postgres program may need of the caller's environment: paths, certificates, language and time zone. */
const POSTGRES =
  /^(PATH|HOME|USER|LOGNAME|LANG|LC_[A-Z]+|TZ|TMPDIR|(LD|DYLD)_[A-Z_]+|OPENSSL_CONF|SSL_CERT_(FILE|DIR)|SYSTEMROOT)$/;

/**
 * The environment of a child process without our secrets (CASTCHAT_AGE_IDENTITY, the services' tokens), because any process of the same user
 * can read it in /proc. The caller's PG… variables are left out, too: they would change where a program connects.
 *
 * @param passedOn the names of the variables that the process gets
 */
export function childEnvironment(passedOn = POSTGRES): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.test(name)));
}
