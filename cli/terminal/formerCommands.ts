/** A command line that has a new form. */
interface Former {
  /** Its command, then the flags that changed its meaning. */
  readonly was: string;
  readonly now: string;
  /** The flag of `was` had a list of names, which are arguments now. */
  readonly hasNames?: true;
  /** Options with another name. */
  readonly renamed?: Readonly<Record<string, string>>;
  /** Options that it took and ignored; true if a value follows. */
  readonly ignored?: Readonly<Record<string, boolean>>;
}

const FORMER: readonly Former[] = [
  {
    was: "restore --replace --abandon",
    now: "restore abandon",
    ignored: {
      "--backup": true,
      "--at": true,
      "--confirm": true,
      "--older-auth-settings": false,
      "--accept-broader-rights": false,
    },
  },
  { was: "restore --replace", now: "restore in-place", ignored: { "--older-auth-settings": false } },
  {
    was: "restore --tables",
    now: "restore tables",
    hasNames: true,
    renamed: { "--yes-replace-rows-of": "--confirm" },
    ignored: { "--older-auth-settings": false, "--accept-broader-rights": false },
  },
  { was: "restore --schema-only", now: "restore --only schema" },
  { was: "restore --data-only", now: "restore --only data" },
  { was: "generation release --delete", now: "generation delete" },
  { was: "release", now: "resume-jobs" },
  { was: "configuration", now: "config show" },
];

/** Arguments in their present form, and a note about the new form; undefined if there is none. */
export interface PresentForm {
  readonly args: readonly string[];
  readonly note: string | undefined;
}

/** Rewrites the former form of a command line, as printed runbooks have it, before it is parsed. To be deleted with version 0.3. */
export function presentForm(args: readonly string[]): PresentForm {
  const former = FORMER.find((one) => isFormer(one, args));
  if (former === undefined) return { args, note: undefined };
  return {
    args: rewritten(former, args),
    note: `\`${former.was}\` is now \`castchat-recovery ${former.now}\`. The old form works until version 0.3.`,
  };
}

function isFormer({ was }: Former, args: readonly string[]): boolean {
  const { command, flags } = partsOf(was);
  return command.every((word, at) => args[at] === word) && flags.every((flag) => args.map(nameOf).includes(flag));
}

function rewritten({ was, now, hasNames, renamed = {}, ignored = {} }: Former, args: readonly string[]): string[] {
  const { command, flags } = partsOf(was);
  const names: string[] = [];
  const kept: string[] = [];
  const rest = args.slice(command.length);
  for (let at = 0; at < rest.length; at++) {
    const arg = rest[at] ?? "";
    const name = nameOf(arg);
    const hasValueBehind = name === arg && (flags.includes(name) ? hasNames : ignored[name]) === true;
    const value = name === arg ? rest[at + 1] : arg.slice(name.length + 1);
    if (hasValueBehind) at++;
    if (flags.includes(name)) names.push(...(hasNames === true ? splitNames(value ?? "") : []));
    else if (ignored[name] === undefined) kept.push((renamed[name] ?? name) + arg.slice(name.length));
  }
  return [...now.split(" "), ...names, ...kept];
}

function partsOf(was: string): { command: string[]; flags: string[] } {
  const words = was.split(" ");
  const isFlag = (word: string) => word.startsWith("-");
  return { command: words.filter((word) => !isFlag(word)), flags: words.filter(isFlag) };
}

/** `--backup` of `--backup=ID`. */
function nameOf(arg: string): string {
  return arg.startsWith("--") ? (arg.split("=", 1)[0] ?? arg) : arg;
}

/** The names in `public.posts,public."My, table"`: split at commas outside of quotes. */
function splitNames(text: string): string[] {
  return (text.match(/(?:"(?:[^"]|"")*"|[^,"])+/g) ?? []).map((name) => name.trim()).filter((name) => name !== "");
}
