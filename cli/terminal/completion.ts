import type { Command, Option } from "commander";

import { defaultOf } from "./help.ts";

/** The shells that there is a script for. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** What may follow a command. */
interface Place {
  /** `/restore/tables`; empty at the program itself. */
  path: string;
  subcommands: { name: string; description: string }[];
  options: readonly Option[];
  /** The choices of its arguments. */
  values: readonly string[];
}

/** A script that completes subcommands, options and choices of a program; file names where a value is free. */
export function completionScript(program: Command, shell: Shell): string {
  const places = placesBelow(program, "");
  if (shell === "fish") return fishScript(program.name(), places);
  const bash = bashScript(program.name(), places);
  return shell === "bash" ? bash : `autoload -U +X bashcompinit && bashcompinit\n${bash}`;
}

function placesBelow(command: Command, path: string): Place[] {
  const help = command.createHelp();
  // What the default subcommand takes can be typed here too.
  const standard = defaultOf(command);
  const taking = standard === undefined ? [command] : [command, standard];
  const place = {
    path,
    subcommands: help.visibleCommands(command).map((one) => ({ name: one.name(), description: one.description() })),
    options: [...new Map(taking.flatMap((one) => help.visibleOptions(one)).map((one) => [one.flags, one])).values()],
    values: taking.flatMap(({ registeredArguments }) =>
      registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    ),
  };
  return [place, ...command.commands.flatMap((one) => placesBelow(one, `${path}/${one.name()}`))];
}

function bashScript(program: string, places: readonly Place[]): string {
  const name = functionName(program);
  const values = places.flatMap(({ path, options }) =>
    options.filter(takesValue).map(
      (option) =>
        `    ${flagsOf(option)
          .map((flag) => `"${path} ${flag}"`)
          .join(" | ")}) words="${option.argChoices?.join(" ") ?? ""}" ;;`,
    ),
  );
  const words = places.map(({ path, subcommands, options, values: choices }) => {
    const all = [...subcommands.map((one) => one.name), ...choices, ...options.flatMap(flagsOf)];
    return `      "${path}") words="${all.join(" ")}" ;;`;
  });
  return `${name}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" place="" words="" word
  for word in "\${COMP_WORDS[@]:1:\$((COMP_CWORD-1))}"; do
    case "$place/$word" in
      ${pathsOf(places).join(" | ")}) place="$place/$word" ;;
    esac
  done
  case "$place $previous" in
${values.join("\n")}
    *) case "$place" in
${words.join("\n")}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F ${name} ${program}
`;
}

function fishScript(program: string, places: readonly Place[]): string {
  const name = `_${functionName(program)}_at`;
  const lines = places.flatMap(({ path, subcommands, options, values }) => {
    const start = `complete -c ${program} -n "${name} '${path}'"`;
    return [
      ...subcommands.map((one) => `${start} -f -a ${one.name} -d ${quoted(one.description)}`),
      ...values.map((value) => `${start} -f -a ${value}`),
      ...options.map((option) => {
        const flags = `${option.short ? ` -s ${option.short.slice(1)}` : ""}${option.long ? ` -l ${option.long.slice(2)}` : ""}`;
        const choices = option.argChoices ? ` -f -a ${quoted(option.argChoices.join(" "))}` : "";
        return `${start}${flags}${takesValue(option) ? " -r" : ""}${choices} -d ${quoted(option.description)}`;
      }),
    ];
  });
  return `function ${name}
  set -l place ""
  for word in (commandline -opc)[2..]
    switch "$place/$word"
      case ${pathsOf(places).join(" ")}
        set place "$place/$word"
    end
  end
  test "$place" = "$argv[1]"
end
${lines.join("\n")}
`;
}

const functionName = (program: string) => `_${program.replaceAll("-", "_")}`;
const pathsOf = (places: readonly Place[]) => places.map(({ path }) => path).filter((path) => path !== "");
const flagsOf = ({ short, long }: Option) => [short, long].filter((flag) => flag !== undefined);
const takesValue = ({ required, optional }: Option) => required || optional;
const quoted = (text: string) => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
