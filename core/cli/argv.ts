import { nearest } from '../base/nearest.ts';
import { printable, shortened } from '../base/printable.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { COMMANDS, type Command, type CommandName, commandOf, commandsUnder, type KnownCommand } from './command.ts';

/** A command line as understood. Arguments and options are keyed by their declared names; absent means not given. */
export interface Invocation {
  readonly command: CommandName;
  readonly arguments: Readonly<Record<string, string>>;
  /** Values of options that take one. */
  readonly values: Readonly<Record<string, string>>;
  readonly flags: ReadonlySet<string>;
}

/**
 * Understands `argv` (without node and script). `--help` and `-h` anywhere mean `help COMMAND`; `--version` means
 * `version`; `--` ends the options; no command at all means `help`.
 */
export function parseArgv(argv: readonly string[]): Result<Invocation, 'usage'> {
  const [word = 'help', ...rest] = argv;
  if (word === '--help' || word === '-h') return ok(bare('help'));
  if (word === '--version') return ok(bare('version'));
  const named = namedBy(word, rest);
  if (!named.ok) return named;
  const { command, words } = named.value;
  const read = readWords(command, words);
  if (!read.ok || read.value.command === 'help') return read;
  const missing = command.arguments.find(({ name, optional }) => !optional && read.value.arguments[name] === undefined);
  if (missing !== undefined) return usage(command, `${missing.name} is missing: ${missing.help}`);
  const required = command.options.find(({ name, required: must }) => must && read.value.values[name] === undefined);
  return required === undefined ? read : usage(command, `--${required.name} ${required.value} is missing`);
}

/** The command that the first words name, and the words behind them. */
function namedBy(
  first: string,
  rest: readonly string[],
): Result<{ readonly command: KnownCommand; readonly words: readonly string[] }, 'usage'> {
  let name = first;
  for (const [i, next] of [...rest, ''].entries()) {
    const below = commandsUnder(name);
    const command = commandOf(name);
    if (below.length === 0) {
      return command === undefined ? fail('usage', unknownCommand(name)) : ok({ command, words: rest.slice(i) });
    }
    if (next === '--help' || next === '-h')
      return ok({ command: commandOf('help') as KnownCommand, words: name.split(' ') });
    const further = [...new Set(below.map((one) => one.name.slice(name.length + 1).split(' ')[0] ?? ''))];
    if (!further.includes(next)) return fail('usage', unknownWord(name, next, further));
    name = `${name} ${next}`;
  }
  return fail('usage', unknownCommand(name));
}

function unknownWord(name: string, word: string, further: readonly string[]): string {
  const meant = nearest(word, further);
  const hint = meant === undefined ? `; there are ${further.join(', ')}` : `; did you mean "${meant}"?`;
  const what = word === '' ? `a word is missing` : `there is no ${shown(word)}`;
  return `${name}: ${what}${hint}\nRun "bartizan help ${name}" for how it is used.`;
}

const bare = (command: CommandName): Invocation => ({ command, arguments: {}, values: {}, flags: new Set() });

interface Given {
  readonly positional: string[];
  readonly values: Record<string, string>;
  readonly flags: Set<string>;
}

function readWords(command: KnownCommand, words: readonly string[]): Result<Invocation, 'usage'> {
  const given: Given = { positional: [], values: {}, flags: new Set() };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '--') {
      given.positional.push(...words.slice(i + 1));
      break;
    }
    if (word === '--help' || word === '-h') {
      const [first = '', second, third] = command.name.split(' ');
      const words = { COMMAND: first, ...(second && { WORD: second }), ...(third && { MORE: third }) };
      return ok({ ...bare('help'), arguments: words });
    }
    if (!word.startsWith('-') || word === '-') {
      given.positional.push(word);
      continue;
    }
    const taken = takeOption(command, word, words[i + 1], given);
    if (!taken.ok) return taken;
    i += taken.value - 1;
  }
  return placed(command, given);
}

/** Reads one option, `--name`, `--name=value` or `--name value`. @returns how many words it took */
function takeOption(
  command: KnownCommand,
  word: string,
  next: string | undefined,
  given: Given,
): Result<1 | 2, 'usage'> {
  const equals = word.indexOf('=');
  const form = equals < 0 ? word : word.slice(0, equals);
  const option = command.options.find(({ name }) => form === `--${name}`);
  if (option === undefined) return usage(command, unknownOption(command, form));
  const { name } = option;
  if (given.values[name] !== undefined || given.flags.has(name)) return usage(command, `--${name} is given twice`);
  if (option.value === undefined) {
    given.flags.add(name);
    return equals < 0 ? ok(1) : usage(command, `--${name} takes no value`);
  }
  const value = equals < 0 ? next : word.slice(equals + 1);
  if (value === undefined || value === '' || (equals < 0 && /^-./.test(value))) {
    return usage(command, `--${name} needs a value: --${name} ${option.value}`);
  }
  given.values[name] = value;
  return ok(equals < 0 ? 2 : 1);
}

function placed(command: KnownCommand, { positional, values, flags }: Given): Result<Invocation, 'usage'> {
  const surplus = positional[command.arguments.length];
  if (surplus !== undefined) return usage(command, `${shown(surplus)} is one word too many`);
  const clash = command.options.find(({ name, excludes }) => flags.has(name) && flags.has(excludes ?? ''));
  if (clash !== undefined) return usage(command, `--${clash.name} and --${clash.excludes} exclude each other`);
  const entries = positional.map((word, i) => [command.arguments[i]?.name ?? '', word]);
  return ok({ command: command.name, arguments: Object.fromEntries(entries), values, flags });
}

function unknownCommand(word: string): string {
  const meant = nearest(
    word,
    COMMANDS.map(({ name }) => name),
  );
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  return `there is no command ${shown(word)}${hint}\nRun "bartizan help" for what there is.`;
}

function unknownOption(command: Command, word: string): string {
  const meant = nearest(
    word.replace(/^-+/, ''),
    command.options.map(({ name }) => name),
  );
  if (meant !== undefined) return `there is no option ${shown(word)}; did you mean --${meant}?`;
  const there = command.options.map(({ name }) => `--${name}`).join(', ');
  return `there is no option ${shown(word)}; ${there === '' ? 'the command takes none' : `there are ${there}`}`;
}

const usage = (command: Command, message: string) =>
  fail('usage', `${command.name}: ${message}\nRun "bartizan help ${command.name}" for how it is used.`);

const shown = (word: string): string => `"${shortened(printable(word), 60)}"`;
