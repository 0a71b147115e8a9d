import { nearest } from '../base/nearest.ts';
import { printable, shortened } from '../base/printable.ts';
import type { DeclarationProblem } from '../event/declared/declaration.ts';
import { FORMAT_CHECKS } from './formats.ts';
import { wrongInterfaces } from './host-rules.ts';
import { wrongList } from './lists-setting.ts';
import { declaredParserNames, wrongDeclaration } from './parsers-setting.ts';
import { quoted } from './problem.ts';
import {
  type Declarations,
  isSection,
  type Rule,
  type SchemaView,
  type Section,
  type Setting,
  type Surroundings,
  view,
} from './setting.ts';
import { type Config, SETTINGS } from './settings.ts';
import { type Entry, type Tree, treeOf } from './tree.ts';
import { wrongListener } from './watchers-setting.ts';
import { expected, found } from './words.ts';

/** A problem before its offset is a line. */
export interface RawProblem {
  readonly at: number;
  readonly key: string;
  readonly message: string;
  /** Offset of what came first, where something is given twice. */
  readonly firstAt?: number;
}

export interface Validated {
  /** Complete and correct when there are no problems; otherwise meaningless. */
  readonly config: Config;
  readonly problems: readonly RawProblem[];
}

/**
 * Judges a whole config against the declarations and fills in defaults. Reports every problem, not the first; never
 * descends deeper than the declarations do, whatever the tree holds.
 */
export function validate(root: Tree, around: Surroundings): Validated {
  const walk = new Walk(around, declaredParserNames(root));
  const config = walk.declared(SETTINGS, root, '') as Config;
  return { config: around.isAppliance === true ? named(config, root) : config, problems: walk.problems };
}

/** An appliance that is given no name of its own calls itself as the machine is to be called, even before it is. */
const named = (config: Config, root: Tree): Config =>
  root.kind === 'map' && root.entries.some(({ key }) => key === 'hostname')
    ? config
    : { ...config, hostname: config.host.hostname };

class Walk {
  readonly problems: RawProblem[] = [];
  readonly #around: Surroundings;

  readonly #builtInParsers: readonly string[];

  constructor(around: Surroundings, parsers: readonly string[]) {
    this.#around = { ...around, parsers: [...around.parsers, ...parsers] };
    this.#builtInParsers = around.parsers;
  }

  /** The top level, or a section. A section without a value is one with defaults only. */
  declared(declarations: Declarations, tree: Tree | undefined, path: string): Record<string, unknown> {
    const empty = tree === undefined || (tree.kind === 'scalar' && tree.value === null);
    const entries = empty ? new Map<string, Entry>() : this.#entries(tree, path, Object.keys(declarations));
    const values: Record<string, unknown> = {};
    for (const [key, one] of Object.entries(declarations)) {
      const inner = join(path, key);
      const given = entries.get(key)?.value;
      const value = isSection(one)
        ? this.#section(one, given, inner)
        : given === undefined
          ? this.#default(one, inner)
          : this.value(view(one.schema), given, inner);
      if (value !== undefined) values[key] = value;
    }
    return values;
  }

  #section(section: Section, tree: Tree | undefined, path: string): Record<string, unknown> {
    const values = this.declared(section.settings, tree, path);
    if (tree?.kind !== 'map') return values;
    this.#together(section, tree, path);
    for (const [low, high] of section.ascending ?? []) {
      const [least, given] = [values[low], tree.entries.find(({ key }) => key === high)];
      if (typeof least !== 'number' || given === undefined || Number(values[high]) >= least) continue;
      this.#wrong(
        given.keyAt,
        join(path, high),
        `must be at least ${least}, which is ${join(path, low)}; found ${values[high]}`,
      );
    }
    return values;
  }

  #together({ together = [] }: Section, tree: Tree & { readonly kind: 'map' }, path: string): void {
    for (const group of together) {
      const given = tree.entries.find(({ key }) => group.includes(key));
      const missing = group.find((name) => !tree.entries.some(({ key }) => key === name));
      if (given === undefined || missing === undefined) continue;
      const names = group.map((name) => join(path, name)).join(' and ');
      this.#wrong(given.keyAt, join(path, given.key), `${names} belong together; ${join(path, missing)} is missing`);
    }
  }

  value(schema: SchemaView, tree: Tree, path: string): unknown {
    if (tree.kind === 'scalar' && tree.value === null) {
      return this.#wrong(tree.at, path, `has no value; write ${expected(schema)}, or leave the key out`);
    }
    if (schema.enum !== undefined) return this.#choice(schema.enum, schema, tree, path);
    switch (schema.type) {
      case 'boolean':
        return this.#scalar(schema, tree, path, (value) => typeof value === 'boolean');
      case 'integer':
        return this.#scalar(schema, tree, path, (value) => Number.isSafeInteger(value) && isWithin(schema, value));
      case 'number':
        return this.#scalar(schema, tree, path, (value) => isWithin(schema, value));
      case 'string':
        return this.#text(schema, tree, path);
      case 'array':
        return this.#list(schema, tree, path);
      case 'object':
        return this.#object(schema, tree, path);
      default:
        throw new Error(`${path} is declared without a type`);
    }
  }

  /** Declared defaults are right by test; one that comes from the surroundings may be wrong like any other value. */
  #default(one: Setting, path: string): unknown {
    const schema = view(one.schema);
    const from = one.defaultFrom?.from;
    return from === undefined ? schema.default : this.value(schema, treeOf(this.#around[from]), path);
  }

  #wrong(at: number, key: string, message: string): undefined {
    this.problems.push({ at, key, message });
    return undefined;
  }

  #twice(at: number, key: string, message: string, firstAt: number): void {
    this.problems.push({ at, key, message, firstAt });
  }

  #mismatch(schema: SchemaView, tree: Tree, path: string): undefined {
    this.#wrong(tree.at, path, `must be ${expected(schema)}, found ${found(tree, schema.writeOnly === true)}`);
  }

  #scalar(schema: SchemaView, tree: Tree, path: string, fits: (value: unknown) => boolean): unknown {
    return tree.kind === 'scalar' && fits(tree.value) ? tree.value : this.#mismatch(schema, tree, path);
  }

  #choice(choices: readonly string[], schema: SchemaView, tree: Tree, path: string): unknown {
    if (tree.kind !== 'scalar' || typeof tree.value !== 'string') return this.#mismatch(schema, tree, path);
    if (choices.includes(tree.value)) return tree.value;
    const meant = nearest(tree.value, choices);
    const hint = meant === undefined ? '' : ` (did you mean "${meant}"?)`;
    return this.#wrong(tree.at, path, `must be ${expected(schema)}, found ${quoted(tree.value)}${hint}`);
  }

  #text(schema: SchemaView, tree: Tree, path: string): unknown {
    // "0 is permanent" invites writing the number.
    if (tree.kind === 'scalar' && tree.value === 0 && schema.permanent === true) return '0';
    if (tree.kind !== 'scalar' || typeof tree.value !== 'string') {
      const hint = tree.kind === 'scalar' ? '; put it in quotes' : '';
      return this.#wrong(
        tree.at,
        path,
        `must be text (${expected(schema)}), found ${found(tree, schema.writeOnly === true)}${hint}`,
      );
    }
    const message = wrongText(tree.value, schema, this.#around);
    if (message === undefined) return tree.value;
    const shown = schema.writeOnly === true ? '' : `, found ${quoted(tree.value)}`;
    return this.#wrong(tree.at, path, `${message}${shown}`);
  }

  #list(schema: SchemaView, tree: Tree, path: string): unknown {
    if (tree.kind !== 'list') return this.#mismatch(schema, tree, path);
    const { items: itemSchema = {}, maxItems = Number.POSITIVE_INFINITY, uniqueBy, rule } = schema;
    const problemsBefore = this.problems.length;
    if (tree.items.length > maxItems) {
      return this.#wrong(tree.at, path, `has ${tree.items.length} entries; at most ${maxItems} are allowed`);
    }
    if (uniqueBy !== undefined) this.#unique(uniqueBy, tree.items, path);
    const values = tree.items.map((item, i) => this.value(itemSchema, item, `${path}[${i}]`));
    if (rule !== undefined && this.problems.length === problemsBefore) this.#keep(rule, values, tree, path);
    return values;
  }

  #unique(key: string, items: readonly Tree[], path: string): void {
    const seen = new Map<string, Tree>();
    for (const [i, item] of items.entries()) {
      const entry = item.kind === 'map' ? item.entries.find((one) => one.key === key)?.value : undefined;
      if (entry?.kind !== 'scalar' || typeof entry.value !== 'string') continue;
      const first = seen.get(entry.value);
      if (first === undefined) seen.set(entry.value, entry);
      else this.#twice(entry.at, `${path}[${i}].${key}`, `${quoted(entry.value)} is given twice`, first.at);
    }
  }

  #object(schema: SchemaView, tree: Tree, path: string): unknown {
    if (tree.kind !== 'map') return this.#mismatch(schema, tree, path);
    const { properties = {}, required = [], exactlyOne, rule } = schema;
    const problemsBefore = this.problems.length;
    const entries = this.#entries(tree, path, Object.keys(properties));
    const values: Record<string, unknown> = {};
    for (const [key, property] of Object.entries(properties)) {
      const given = entries.get(key)?.value;
      if (given === undefined && property.default === undefined && required.includes(key)) {
        this.#wrong(tree.at, path, `"${key}" is missing: ${expected(property)}`);
      }
      const value = given === undefined ? property.default : this.value(property, given, join(path, key));
      if (value !== undefined) values[key] = value;
    }
    if (exactlyOne !== undefined) {
      const there = exactlyOne.filter((key) => entries.has(key));
      const has = there.length === 0 ? 'none' : there.join(' and ');
      if (there.length !== 1)
        this.#wrong(tree.at, path, `must have exactly one of ${exactlyOne.join(', ')}; it has ${has}`);
    }
    if (rule !== undefined && this.problems.length === problemsBefore) this.#keep(rule, values, tree, path);
    return values;
  }

  /** A rule speaks of values that are right each for itself; it names the one that is at fault, and so does the problem. */
  #keep(rule: Rule, values: unknown, tree: Tree, path: string): void {
    for (const { path: inner, message } of RULES[rule](values, this.#builtInParsers)) {
      const joined = inner.startsWith('[') || inner === '' ? `${path}${inner}` : `${path}.${inner}`;
      this.#wrong(placeOf(tree, inner), joined, message);
    }
  }

  /** The entries of a mapping by key; reports unknown keys and keys given twice. */
  #entries(tree: Tree, path: string, allowed: readonly string[]): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    if (tree.kind !== 'map') {
      const message = `must be a mapping with the keys ${allowed.join(', ')}; found ${found(tree, false)}`;
      this.#wrong(tree.at, path, message);
      return entries;
    }
    for (const entry of tree.entries) {
      const inner = join(path, entry.key);
      const first = entries.get(entry.key);
      if (first !== undefined) this.#twice(entry.keyAt, inner, 'this key is given twice', first.keyAt);
      else if (allowed.includes(entry.key)) entries.set(entry.key, entry);
      else this.#wrong(entry.keyAt, inner, unknownKey(entry.key, path, allowed));
    }
    return entries;
  }
}

const RULES: Readonly<Record<Rule, (value: unknown, parsers: readonly string[]) => readonly DeclarationProblem[]>> = {
  'declared-parser': wrongDeclaration,
  'syslog-listener': wrongListener,
  list: wrongList,
  interfaces: wrongInterfaces,
};

/** Where the value at `a.b[0].c` or `[0].c` below a tree was written, or the nearest that is there. */
function placeOf(tree: Tree, path: string): number {
  let at: Tree = tree;
  for (const step of path.split(/[.[\]]+/).filter((part) => part !== '')) {
    const inner: Tree | undefined =
      at.kind === 'map'
        ? at.entries.find(({ key }) => key === step)?.value
        : at.kind === 'list'
          ? at.items[Number(step)]
          : undefined;
    if (inner === undefined) break;
    at = inner;
  }
  return at.at;
}

/** A key as part of a path: short and printable, whatever was written. */
const join = (path: string, key: string): string => {
  const part = printable(shortened(key, 60));
  return path === '' ? part : `${path}.${part}`;
};

const unknownKey = (key: string, path: string, allowed: readonly string[]): string => {
  const moved = elsewhere(key, path);
  const meant = moved === undefined ? nearest(key, allowed) : undefined;
  const hint =
    moved !== undefined ? ` (it belongs ${moved})` : meant !== undefined ? ` (did you mean "${meant}"?)` : '';
  return `unknown key${hint}; allowed: ${allowed.join(', ')}`;
};

/** Where a key that was written in the wrong place belongs, if only one place has it: a lost indentation, mostly. */
function elsewhere(key: string, path: string): string | undefined {
  const declarations: readonly (readonly [string, Declarations[string]])[] = Object.entries(SETTINGS);
  if (path !== '' && Object.hasOwn(SETTINGS, key)) return 'at the top level';
  const homes = declarations.filter(([, one]) => isSection(one) && Object.hasOwn(one.settings, key));
  return homes.length === 1 && homes[0]?.[0] !== path ? `under "${homes[0]?.[0]}:"` : undefined;
}

const isWithin = ({ minimum = -Infinity, maximum = Infinity }: SchemaView, value: unknown): boolean =>
  typeof value === 'number' && value >= minimum && value <= maximum;

function wrongText(text: string, schema: SchemaView, around: Surroundings): string | undefined {
  const { maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema;
  // In bytes, since what bounds a length here is the kernel: paths, socket names.
  if (new TextEncoder().encode(text).length > maxLength) return `must have at most ${maxLength} bytes`;
  if (pattern !== undefined && !new RegExp(pattern).test(text)) return `must be ${expected(schema)}`;
  return format === undefined ? undefined : FORMAT_CHECKS[format](text, schema, around);
}
