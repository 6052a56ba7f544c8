import { Option } from "commander";

/** `--stack`: whose vault, keys and database a command works with. */
export function stackOption(): Option {
  return new Option("-s, --stack <name>", "the Pulumi stack in this folder").makeOptionMandatory();
}

/** `--json`: facts for a program instead of lines for people. */
export function jsonOption(): Option {
  return new Option("--json", "print the facts as JSON");
}
