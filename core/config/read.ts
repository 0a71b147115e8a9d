import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  parseDocument,
  type YAMLError,
} from 'yaml';
import { sha256Hex } from '../base/ids.ts';
import { printable } from '../base/printable.ts';
import { type Ok, ok } from '../base/result.ts';
import { type ConfigFailure, invalid, type Problem } from './problem.ts';
import type { Surroundings } from './setting.ts';
import type { Config } from './settings.ts';
import { type Entry, type Scalar, type Tree, treeOf } from './tree.ts';
import { type RawProblem, validate } from './validate.ts';

/** A config that was read, with the text it stands in. The text holds secrets: never log it. */
export interface LoadedConfig {
  readonly config: Config;
  readonly fileName: string;
  readonly text: string;
  /** SHA-256 of the file's bytes, hex. */
  readonly hash: string;
}

/** A larger file is no config of ours. */
export const LARGEST_CONFIG = 1024 * 1024;

/** Each alias builds a copy of its target, so the number bounds what a small file can swell to. */
const MOST_ALIASES = 100;

export type ParsedDocument = ReturnType<typeof parseYaml>['document'];

/**
 * The file's bytes as text. Refuses what is over `LARGEST_CONFIG`, not UTF-8 (naming the line), or holds control
 * characters, which no editor writes. A byte order mark is kept, so that a write keeps it too.
 */
export function decodeConfig(bytes: Uint8Array, fileName: string): Ok<string> | ConfigFailure {
  const wrong = (line: number, message: string) =>
    invalid([{ file: fileName, line, column: line > 0 ? 1 : 0, key: '', message }]);
  if (bytes.length > LARGEST_CONFIG) return wrong(0, `has ${bytes.length} bytes; at most ${LARGEST_CONFIG} are read`);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const lines: string[] = [];
  for (let from = 0; from < bytes.length; ) {
    const end = bytes.indexOf(0x0a, from);
    const to = end < 0 ? bytes.length : end + 1;
    try {
      lines.push(decoder.decode(bytes.subarray(from, to)));
    } catch {
      return wrong(lines.length + 1, 'is not UTF-8 text');
    }
    if (/[^\P{Cc}\t\r\n\u0085]/u.test(lines.at(-1) ?? '')) {
      return wrong(lines.length, 'holds a control character; a config is plain text');
    }
    from = to;
  }
  return ok(lines.join(''));
}

/** Reads a config and fills in the defaults. Fails with every problem there is, each with its line. */
export function parseConfig(text: string, fileName: string, around: Surroundings): Ok<LoadedConfig> | ConfigFailure {
  const { document, lines } = parseYaml(text);
  const placed = ({ at, key, message, firstAt }: RawProblem): Problem => {
    const { line, col } = lines.linePos(at);
    const first = firstAt === undefined ? '' : `, first on line ${lines.linePos(firstAt).line}`;
    return { file: fileName, line, column: col, key, message: `${message}${first}` };
  };
  const form = formProblems(document);
  if (form.length > 0) return invalid(form.map(placed));
  const tree = new TreeBuilder().build(document.contents);
  const { config, problems } = validate(tree, around);
  if (problems.length > 0) return invalid([...problems].sort((a, b) => a.at - b.at).map(placed));
  return ok({ config, fileName, text, hash: sha256Hex(new TextEncoder().encode(text)) });
}

/** Validates values that come from no file: a settings request, or what an edit should give. Problems have no line. */
export function checkConfig(values: unknown, fileName: string, around: Surroundings): Ok<Config> | ConfigFailure {
  const { config, problems } = validate(treeOf(values), around);
  if (problems.length === 0) return ok(config);
  return invalid(problems.map(({ key, message }) => ({ file: fileName, line: 0, column: 0, key, message })));
}

/** The document with ranges; keys are checked for uniqueness in `validate`, since the library's way is quadratic. */
export function parseYaml(text: string) {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, version: '1.2' });
  return { document, lines };
}

function formProblems(document: ParsedDocument): readonly RawProblem[] {
  const { errors, warnings, directives } = document;
  const exhausted = errors.find(({ code }) => code === 'RESOURCE_EXHAUSTION');
  if (exhausted !== undefined) return [{ at: exhausted.pos[0], key: '', message: 'is nested too deeply' }];
  if (directives?.yaml.version === '1.1') {
    return [{ at: 0, key: '', message: 'YAML 1.1 is not read; leave the %YAML line out' }];
  }
  // What follows the first error of a broken file is mostly its echo.
  return [...errors.slice(0, 3), ...warnings.slice(0, 3)].map((error) => ({
    at: error.pos[0],
    key: '',
    message: syntaxMessage(error),
  }));
}

const syntaxMessage = ({ code, message }: YAMLError): string => {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'tabs cannot indent YAML; use blanks';
    case 'MULTIPLE_DOCS':
      return 'a second document begins here; a config is one document, without "---" in it';
    default:
      return `not valid YAML: ${printable(message)}`;
  }
};

/** Turns nodes into a tree, following aliases. What an alias brings keeps the alias's place. */
class TreeBuilder {
  /** By name, the last one met in document order, which is the one an alias means. */
  readonly #anchors = new Map<string, Node>();
  #aliases = 0;
  #inAlias = 0;

  build(node: Node | null, depth = 0): Tree {
    if (node === null) return { at: 0, kind: 'map', entries: [] };
    const at = node.range?.[0] ?? 0;
    // No setting is nested deeper; validation reports whatever stands there without looking into it.
    if (depth > MOST_NESTED) return { at, kind: 'alien', what: 'deeper nesting' };
    if (isAlias(node)) return this.#aliased(node.source, at, depth);
    const { tag, anchor } = node as ParsedNode;
    if (anchor !== undefined && this.#inAlias === 0) this.#anchors.set(anchor, node);
    if (tag !== undefined && !PLAIN_TAG.test(tag)) return { at, kind: 'alien', what: `the tag ${printable(tag)}` };
    if (isMap(node)) return { at, kind: 'map', entries: node.items.map((pair) => this.#entry(pair, depth)) };
    if (isSeq(node)) return { at, kind: 'list', items: node.items.map((item) => this.build(item as Node, depth + 1)) };
    return { at, kind: 'scalar', value: isScalar(node) ? (node.value as Scalar) : null };
  }

  #entry(pair: Pair, depth: number): Entry {
    const key = pair.key as ParsedNode;
    const keyAt = key.range[0];
    const name = isScalar(key) ? String(key.value) : 'a key that is no word';
    const nothing: Tree = { at: keyAt, kind: 'scalar', value: null };
    return { key: name, keyAt, value: pair.value === null ? nothing : this.build(pair.value as Node, depth + 1) };
  }

  #aliased(name: string, at: number, depth: number): Tree {
    if (++this.#aliases > MOST_ALIASES) return { at, kind: 'alien', what: `more than ${MOST_ALIASES} aliases` };
    const target = this.#anchors.get(name);
    if (target === undefined) return { at, kind: 'alien', what: 'an alias without its anchor' };
    this.#inAlias++;
    const tree = this.build(target, depth + 1);
    this.#inAlias--;
    return { ...tree, at };
  }
}

const MOST_NESTED = 6;

const PLAIN_TAG = /^tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq)$/;
