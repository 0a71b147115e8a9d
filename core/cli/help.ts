import { wrapped } from '../base/paragraphs.ts';
import { COMMANDS, type Command, type Option } from './command.ts';
import { EXIT_CODES } from './exit-codes.ts';

/** `bartizan help`. */
export function overview(width: number): string {
  const rows = COMMANDS.map(({ name, summary }) => [name, summary] as const);
  return [
    'Bartizan watches a host and its neighbours, judges what it sees and blocks attackers in the kernel.',
    '',
    'Usage: bartizan COMMAND [ARGUMENTS] [OPTIONS]',
    '',
    ...columns(rows, width),
    '',
    'Run "bartizan help COMMAND" for one of them.',
    '',
  ].join('\n');
}

/** `bartizan help COMMAND` of one with words of its own. */
export function helpOfWords(words: string, commands: readonly Command[], width: number): string {
  const rows = commands.map((command) => [command.name.slice(words.length + 1), command.summary] as const);
  return [
    `Usage: bartizan ${words} WORD [ARGUMENTS] [OPTIONS]`,
    '',
    ...columns(rows, width),
    '',
    `Run "bartizan help ${words} WORD" for one of them.`,
    '',
  ].join('\n');
}

/** `bartizan help COMMAND`. */
export function helpOf(command: Command, width: number): string {
  const about = command.more === undefined ? command.summary : `${command.summary} ${command.more}`;
  const lines = [`Usage: ${synopsis(command)}`, '', ...wrapped(about, width)];
  const words = [
    ...command.arguments.map(({ name, help }) => [name, help] as const),
    ...command.options.map((option) => [optionForm(option), option.help] as const),
  ];
  if (words.length > 0) lines.push('', ...columns(words, width));
  const exits = command.exits.map((name) => [String(EXIT_CODES[name].code), EXIT_CODES[name].meaning] as const);
  return [...lines, '', 'Exit codes:', ...columns(exits, width), ''].join('\n');
}

/** `bartizan block IP [--reason TEXT] …` */
export function synopsis({ name, arguments: args, options }: Command): string {
  const words = args.map((argument) => (argument.optional === true ? `[${argument.name}]` : argument.name));
  const seen = new Set<string>();
  const forms = options.flatMap((option) => {
    if (seen.has(option.name)) return [];
    if (option.excludes !== undefined) seen.add(option.excludes);
    const other = option.excludes === undefined ? '' : `|--${option.excludes}`;
    return option.required ? [optionForm(option)] : [`[${optionForm(option)}${other}]`];
  });
  return ['bartizan', name, ...words, ...forms].join(' ');
}

export const optionForm = ({ name, value }: Option): string =>
  value === undefined ? `--${name}` : `--${name} ${value}`;

/** Two columns, the second wrapped. */
function columns(rows: readonly (readonly [string, string])[], width: number): readonly string[] {
  const left = Math.max(...rows.map(([word]) => word.length)) + 4;
  return rows.flatMap(([word, text]) =>
    wrapped(text, Math.max(20, width - left)).map(
      (line, i) => (i === 0 ? `  ${word}`.padEnd(left) : ' '.repeat(left)) + line,
    ),
  );
}
