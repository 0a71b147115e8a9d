import { markdownTable } from '../base/markdown.ts';
import { COMMANDS, type Command } from './command.ts';
import { CONTROLLER_COMMANDS } from './controller.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { optionForm, synopsis } from './help.ts';

/** `docs/cli.md`, made from the declarations. */
export function cliDocument(): string {
  const exits = Object.values(EXIT_CODES).map(({ code, meaning }) => [String(code), meaning]);
  const parts = [
    HEAD,
    markdownTable(['code', 'meaning'], exits),
    ...COMMANDS.filter(({ name }) => name !== 'controller').map(commandPart),
    ...CONTROLLER_COMMANDS.map(commandPart),
  ];
  return `${parts.join('\n\n')}\n`;
}

const HEAD = `# Command line

<!-- Made from core/cli/command.ts; do not edit. -->

\`bartizan COMMAND [ARGUMENTS] [OPTIONS]\`; in a checkout \`npm run -s bartizan -- COMMAND …\`.

Commands that ask or order a running Bartizan reach it over \`control.sock\` in its state directory, which only root may open.
Tables are for people and are cut to the terminal; scripts use \`--json\` and the exit code. Control characters in what an
attacker wrote are shown as \`\\x1b\`, never sent to the terminal. Output that nobody reads any more ends the command without an
error.

## Exit codes`;

function commandPart(command: Command): string {
  const lines = [`## ${command.name}`, '', `\`${synopsis(command)}\``, '', command.summary];
  if (command.more !== undefined) lines.push(command.more);
  const rows = [
    ...command.arguments.map(({ name, help }) => [`\`${name}\``, help]),
    ...command.options.map((option) => [`\`${optionForm(option)}\``, option.help]),
  ];
  if (rows.length > 0) lines.push('', markdownTable(['word', 'meaning'], rows));
  const exits = command.exits.map((name) => `${EXIT_CODES[name].code}`).join(', ');
  return [...lines, '', `Exits with ${exits}.`].join('\n');
}
