import { fail, ok, type Result } from '../base/result.ts';
import type { Hex } from '../link/hex.ts';
import type { Section } from '../link/order.ts';
import type { DesiredState } from '../link/reported.ts';
import type { DesiredContent } from './records.ts';

/** An order for a configuration as the controller's history has it. */
export interface IssuedDesired {
  readonly generation: number;
  readonly order: Hex;
}

/**
 * What the next desired configuration of an appliance has to follow: what is in effect there, as it said last; before it
 * was heard, nothing.
 * @param issued by this fleet, any order
 * @param over whether what somebody else put in effect may be followed
 */
export function parentOf(
  reported: DesiredState | undefined,
  issued: readonly IssuedDesired[],
  over: boolean,
): Result<Hex | undefined, 'refused'> {
  const inEffect = reported?.confirmedOrder;
  if (inEffect === undefined || over || issued.some(({ order }) => order === inEffect)) return ok(inEffect);
  return fail(
    'refused',
    `generation ${reported?.confirmedGeneration ?? 0} is in effect there, which is not of this controller; --over follows it`,
  );
}

/**
 * Whether the last order is to be issued anew behind what has come into effect meanwhile: the appliance reports a conflict
 * with it, though what is in effect is an earlier one of the same history.
 */
export function needsRebase(reported: DesiredState, issued: readonly IssuedDesired[]): boolean {
  const last = issued.reduce<IssuedDesired | undefined>(
    (newest, one) => (newest === undefined || one.generation > newest.generation ? one : newest),
    undefined,
  );
  if (last === undefined || reported.standing !== 'conflict' || reported.order !== last.order) return false;
  const inEffect = reported.confirmedOrder;
  return inEffect === undefined || issued.some(({ order }) => order === inEffect && order !== last.order);
}

const NOTED = ['generation', 'order', 'standing', 'text', 'confirmedGeneration', 'confirmedOrder'] as const;

/**
 * Whether two reports differ in what is noted of them or acted upon: in nothing less, since reports are not signed. One that a
 * broker made of a true one, with another generation, would otherwise have the true one passed over as known.
 */
export function standsOtherwise(before: DesiredState, now: DesiredState): boolean {
  return NOTED.some((field) => before[field] !== now[field]);
}

/** One field that differs. */
export interface Difference {
  /** `firewall.mode`, or `rules/NAME`. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What one desired configuration has otherwise than another; sorted by path. */
export function differences(before: DesiredContent, after: DesiredContent): readonly Difference[] {
  const [old, renewed] = [flat(before), flat(after)];
  const paths = [...new Set([...old.keys(), ...renewed.keys()])].sort();
  return paths
    .filter((path) => JSON.stringify(old.get(path)) !== JSON.stringify(renewed.get(path)))
    .map((path) => ({ path, before: old.get(path), after: renewed.get(path) }));
}

function flat({ sections, rules }: DesiredContent): Map<string, unknown> {
  const fields = sections.flatMap(({ name, values }) =>
    Object.entries(values).map(([field, value]) => [`${name}.${field}`, value] as const),
  );
  return new Map<string, unknown>([...fields, ...rules.map(({ name, sha256 }) => [`rules/${name}`, sha256] as const)]);
}

/** Sections and rules of a later content over those of an earlier one. */
export function merged(earlier: DesiredContent, later: DesiredContent): DesiredContent {
  const named = <T extends { readonly name: string }>(a: readonly T[], b: readonly T[]): readonly T[] =>
    [...new Map([...a, ...b].map((one) => [one.name, one])).values()].sort(byName);
  return { sections: named(earlier.sections, later.sections), rules: named(earlier.rules, later.rules) };
}

/** Sections of a file's mapping. @returns failed: the first thing that is wrong, with where */
export function sectionsOf(raw: unknown): Result<readonly Section[], 'refused'> {
  if (!isObject(raw)) return fail('refused', 'the file is no mapping of sections');
  const sections: Section[] = [];
  for (const [name, values] of Object.entries(raw)) {
    if (!/^[a-z][a-z0-9_]{0,47}$/.test(name)) return fail('refused', `"${name.slice(0, 60)}" is no name of a section`);
    if (!isObject(values)) return fail('refused', `${name}: a section is a mapping of its fields`);
    sections.push({ name, values });
  }
  return ok(sections.sort(byName));
}

const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
