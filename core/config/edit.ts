import { isMap, isScalar, type YAMLMap } from 'yaml';
import { type Failure, fail, type Ok, ok } from '../base/result.ts';
import { type Change, placedSetting, sameValue, settingValue, withValue } from './change.ts';
import { contentEnd, editValue, type Host, insertIntoFlowMap, NotEditable, withoutPair } from './edit-value.ts';
import type { ConfigFailure } from './problem.ts';
import { checkConfig, type LoadedConfig, parseConfig, parseYaml } from './read.ts';
import { pairLines } from './render.ts';
import type { Surroundings } from './setting.ts';
import { SETTINGS } from './settings.ts';
import { afterCommentedKey, afterDeeperComments, columnOf, linesAt, nextLine, type Splice, spliced } from './splice.ts';

/** `unknown_setting`: no such path. `not_editable`: the text is written in a way that only a person should touch. */
export type EditFailure = ConfigFailure | Failure<'unknown_setting' | 'not_editable'>;

/**
 * Writes changes into the text of a config. Only the spans of changed values and the lines of added keys differ; comments,
 * order, quoting and line ends stay. A missing key goes behind its commented-out form, else behind the setting that is
 * declared before it. A change to what is in effect already writes nothing; one of an optional setting to `undefined`
 * takes its lines out. The new text is read again and must mean exactly the old config with the changes.
 */
export function editConfig(
  loaded: LoadedConfig,
  changes: readonly Change[],
  around: Surroundings,
): Ok<LoadedConfig> | EditFailure {
  let wanted = loaded.config;
  for (const { path, value } of changes) {
    const placed = placedSetting(path);
    if (placed === undefined) return fail('unknown_setting', `there is no setting "${path}"`);
    wanted = withValue(wanted, placed, value);
  }
  const checked = checkConfig(wanted, loaded.fileName, around);
  if (!checked.ok) return checked;
  let { text } = loaded;
  for (const path of new Set(changes.map((change) => change.path))) {
    const placed = placedSetting(path);
    if (placed === undefined) continue;
    const before = settingValue(loaded.config, placed);
    const after = settingValue(checked.value, placed);
    if (sameValue(before, after)) continue;
    const edited = editSetting(text, placed.keys, { before, after });
    if (!edited.ok) return edited;
    text = edited.value;
  }
  const read = parseConfig(text, loaded.fileName, around);
  if (read.ok && sameValue(read.value.config, checked.value)) return read;
  const why = read.ok ? undefined : read.public;
  return fail('not_editable', `the change cannot be written in place; edit ${loaded.fileName} by hand`, why);
}

interface Values {
  readonly before: unknown;
  readonly after: unknown;
}

function editSetting(
  text: string,
  [top, inner]: readonly [string, string?],
  values: Values,
): Ok<string> | Failure<'not_editable'> {
  const { document } = parseYaml(text);
  const root = document.contents;
  try {
    if (root !== null && !isMap(root)) throw new NotEditable('the file is no mapping');
    const map = root as YAMLMap.Parsed | null;
    const splices = inner === undefined ? setTop(text, map, top, values) : setInner(text, map, [top, inner], values);
    return ok(spliced(text, splices));
  } catch (thrown) {
    if (thrown instanceof NotEditable) return fail('not_editable', thrown.message);
    throw thrown;
  }
}

function setTop(text: string, root: YAMLMap.Parsed | null, key: string, values: Values): readonly Splice[] {
  const pair = pairOf(root, key);
  if (pair !== undefined) return setPair(text, root, pair, values);
  return addTop(text, root, key, pairLines(key, values.after, 0), values.after);
}

function setInner(
  text: string,
  root: YAMLMap.Parsed | null,
  [top, inner]: readonly [string, string],
  values: Values,
): readonly Splice[] {
  const section = pairOf(root, top);
  if (section === undefined) {
    return addTop(text, root, top, [`${top}:`, ...pairLines(inner, values.after, 2)], { [inner]: values.after });
  }
  const { value } = section;
  if (value === null || (isScalar(value) && value.value === null)) {
    return [addToEmptySection(text, root, section, inner, values.after)];
  }
  if (!isMap(value)) throw new NotEditable(`"${top}:" is written as an alias; edit it by hand`);
  const map = value as YAMLMap.Parsed;
  const pair = pairOf(map, inner);
  if (pair !== undefined) return setPair(text, map, pair, values);
  if (map.flow === true) return insertIntoFlowMap(map, inner, values.after);
  return [addToSection(text, section, map, inner, values.after)];
}

const setPair = (text: string, map: YAMLMap.Parsed | null, pair: HostPair, values: Values): readonly Splice[] =>
  map !== null && values.after === undefined
    ? [withoutPair(text, map, pair)]
    : editValue({ text, pair }, values.before, values.after);

function addTop(
  text: string,
  root: YAMLMap.Parsed | null,
  key: string,
  lines: readonly string[],
  value: unknown,
): readonly Splice[] {
  if (root?.flow === true) return insertIntoFlowMap(root, key, value);
  const end = root === null ? documentEnd(text) : text.length;
  const commented = afterCommentedKey(text, { start: 0, end }, key, 0);
  if (commented !== undefined) return [linesAt(text, commented.offset, lines)];
  const before = declaredBefore(root, key, Object.keys(SETTINGS)) ?? (root?.items.at(-1) as HostPair | undefined);
  if (before === undefined) return [linesAt(text, end, lines)];
  return [linesAt(text, afterDeeperComments(text, nextLineOf(text, before), 0), lines)];
}

/** Where a file without any content ends: before a `...` line. */
function documentEnd(text: string): number {
  const marker = /^\.\.\.(?:\s|$)/m.exec(text);
  return marker === null ? text.length : marker.index;
}

function addToEmptySection(
  text: string,
  root: YAMLMap.Parsed | null,
  section: HostPair,
  key: string,
  value: unknown,
): Splice {
  const start = nextLine(text, section.key.range[1]);
  const next = root?.items.find((pair) => pair.key.range[0] > section.key.range[0]);
  const end = next === undefined ? text.length : text.lastIndexOf('\n', next.key.range[0]) + 1;
  const commented = afterCommentedKey(text, { start, end }, key, undefined);
  // A commented-out key in the first column is the section's neighbour, not its child.
  if (commented !== undefined && commented.indent > 0) {
    return linesAt(text, commented.offset, pairLines(key, value, commented.indent));
  }
  return linesAt(text, start, pairLines(key, value, 2));
}

function addToSection(text: string, section: HostPair, map: YAMLMap.Parsed, key: string, value: unknown): Splice {
  const first = map.items[0];
  if (first === undefined) throw new NotEditable('an empty mapping');
  const indent = columnOf(text, first.key.range[0]);
  const lines = pairLines(key, value, indent);
  const start = nextLine(text, section.key.range[1]);
  const end = Math.max(start, afterDeeperComments(text, nextLine(text, contentEnd(map) - 1), indent - 1));
  const commented = afterCommentedKey(text, { start, end }, key, indent);
  if (commented !== undefined) return linesAt(text, commented.offset, lines);
  const declared = SETTINGS[section.key.value as keyof typeof SETTINGS];
  const siblings = 'settings' in declared ? Object.keys(declared.settings) : [];
  const before = declaredBefore(map, key, siblings);
  return linesAt(text, before === undefined ? start : nextLineOf(text, before), lines);
}

type HostPair = Host['pair'];

/** The present key that is declared closest before `key`. */
function declaredBefore(map: YAMLMap.Parsed | null, key: string, declared: readonly string[]): HostPair | undefined {
  const earlier = declared.slice(0, declared.indexOf(key));
  return earlier.map((one) => pairOf(map, one)).findLast((pair) => pair !== undefined);
}

const nextLineOf = (text: string, pair: HostPair): number => {
  const end = Math.max(pair.key.range[1], pair.value === null ? 0 : contentEnd(pair.value));
  return nextLine(text, Math.max(0, end - 1));
};

function pairOf(map: YAMLMap.Parsed | null, key: string): HostPair | undefined {
  const pair = map?.items.find((one) => isScalar(one.key) && one.key.value === key);
  return pair as HostPair | undefined;
}
