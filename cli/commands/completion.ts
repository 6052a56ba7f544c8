import { Argument, Command } from "commander";

import { completionScript, type Shell, SHELLS } from "../terminal/completion.ts";
import { example } from "../terminal/help.ts";
import { printResult } from "../terminal/progress.ts";

/** `castchat-recovery completion`: prints a script with which a shell completes commands, options and choices. */
export function completionCommand(): Command {
  return new Command("completion")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .addHelpText(
      "after",
      '\nbash: eval "$(castchat-recovery completion bash)" in ~/.bashrc' +
        '\nzsh:  eval "$(castchat-recovery completion zsh)" in ~/.zshrc, below compinit' +
        "\nfish: castchat-recovery completion fish | source, in ~/.config/fish/config.fish",
    )
    .addHelpText("after", example("completion bash"))
    .action((shell: Shell, _options: object, { parent }: Command) => {
      if (parent === null) throw new Error("the command has no program above it, so there is nothing to complete");
      const script = completionScript(parent, shell);
      printResult(script, false, [script.trimEnd()]);
    });
}
