import { compileLinearRegex, type LinearRegex } from '../../base/linear-regex.ts';
import type { Category, EventOutcome } from '../event.ts';
import { compileTimeFormat } from '../time-format.ts';
import { type AccessReader, compileAccessReader } from '../web/access-reader.ts';
import { parseApacheFormat } from '../web/apache-format.ts';
import type { FormatResult } from '../web/log-format.ts';
import { parseNginxFormat } from '../web/nginx-format.ts';
import { GROUPS, isKnownGroup, MOST_FIELDS } from './groups.ts';

/** One message of a declared parser, as the configuration has it. */
export interface DeclaredMessage {
  /** RE2 syntax. Named groups become fields of the event. */
  readonly regex: string;
  readonly ignore_case?: boolean;
  readonly action: string;
  readonly category: Category;
  readonly outcome: EventOutcome;
}

/** A parser that an operator declares, as the configuration's `parsers:` has it. */
export interface ParserDeclaration {
  readonly name: string;
  /** Syslog tags; `*` is any. Absent: lines have no syslog header, and the pattern reads the time. */
  readonly programs?: readonly string[];
  /** systemd units that may say this to the journal; without them what comes from the journal is spoofable. */
  readonly units?: readonly string[];
  readonly executables?: readonly string[];
  /** How the group `time` is written. */
  readonly time_format?: string;
  /** Tried in order; the first that matches counts. */
  readonly messages?: readonly DeclaredMessage[];
  /** Instead of `messages`: an access log's format. */
  readonly nginx_log_format?: string;
  readonly apache_log_format?: string;
}

/** What is wrong with a declaration, and where in it: `messages[0].regex`, or empty for the whole. */
export interface DeclarationProblem {
  readonly path: string;
  readonly message: string;
}

const BUILT_IN_TIME = 'iso8601';

/** Everything that is wrong with a declaration. Total; an empty list means that it compiles. */
export function declarationProblems(declaration: ParserDeclaration): readonly DeclarationProblem[] {
  const { nginx_log_format: nginx, apache_log_format: apache, time_format: time } = declaration;
  const problems: DeclarationProblem[] = [];
  const wrong = (path: string, message: string): void => {
    problems.push({ path, message });
  };
  if (nginx !== undefined) check(parseNginxFormat(nginx), 'nginx_log_format', wrong);
  if (apache !== undefined) check(parseApacheFormat(apache), 'apache_log_format', wrong);
  if (nginx !== undefined || apache !== undefined) {
    for (const key of ['programs', 'time_format'] as const) {
      if (declaration[key] !== undefined) wrong(key, 'belongs to messages; a log format says all that is to be read');
    }
    return problems;
  }
  const compiled = compileTimeFormat(time ?? BUILT_IN_TIME);
  if (!compiled.ok) wrong('time_format', compiled.public);
  for (const [i, message] of (declaration.messages ?? []).entries()) {
    for (const problem of messageProblems(message, declaration)) wrong(`messages[${i}].regex`, problem);
  }
  return problems;
}

/** @returns what is wrong with one pattern; the pattern must compile */
function messageProblems({ regex }: DeclaredMessage, { programs }: ParserDeclaration): readonly string[] {
  const compiled = compileLinearRegex(regex);
  if (!compiled.ok) return [compiled.public];
  const { groups } = compiled.value;
  const others = groups.filter((name) => !isKnownGroup(name));
  const problems: string[] = [];
  if (others.length > MOST_FIELDS) {
    problems.push(`has ${others.length} groups of its own; at most ${MOST_FIELDS} become fields`);
  }
  if (programs === undefined && !groups.includes('time')) {
    problems.push('has no group "time": without programs, that is without a syslog header, the line must say when');
  }
  return problems;
}

function check(format: FormatResult, path: string, wrong: (path: string, message: string) => void): void {
  const reader = format.ok ? compileAccessReader(format.value) : format;
  if (!reader.ok) wrong(path, reader.public);
}

/** A pattern and what its match means. */
export interface CompiledMessage extends DeclaredMessage {
  readonly pattern: LinearRegex;
}

/** @throws Error on a pattern that was never checked: a bug */
export function compileMessage(message: DeclaredMessage): CompiledMessage {
  const { regex, ignore_case: ignoreCase = false } = message;
  const compiled = compileLinearRegex(regex, { ignoreCase });
  if (!compiled.ok) throw new Error(`${message.action}: ${compiled.public}`);
  return { ...message, pattern: compiled.value };
}

/** @throws Error on a format that was never checked: a bug */
export function compileDeclaredAccess(format: FormatResult): { readonly read: AccessReader; readonly program: string } {
  const reader = format.ok ? compileAccessReader(format.value) : format;
  if (!format.ok || !reader.ok) throw new Error(reader.ok ? '' : reader.public);
  return { read: reader.value, program: format.value.program };
}

/** Names of groups that fill a field of the event. */
export const KNOWN_GROUPS: readonly string[] = Object.keys(GROUPS);
