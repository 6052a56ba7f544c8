import { InvalidArgumentError, Option } from "commander";

/** `--stack`: whose vault, keys and database a command works with. */
export function stackOption(): Option {
  return new Option("-s, --stack <name>", "the Pulumi stack in this folder").argParser(named).makeOptionMandatory();
}

/** Pulumi takes an empty name, as of a variable that is not set, for the stack that was selected last: nobody has meant that one. */
function named(stack: string): string {
  if (stack.trim() === "") throw new InvalidArgumentError("name a stack, such as prod or dr.");
  return stack;
}

/** `--json`: facts for a program instead of lines for people. */
export function jsonOption(): Option {
  return new Option("--json", "print the facts as JSON");
}
