import { CORE, subsystemOf } from './rooms.ts';
import { codeOf, type Import, importsOf, isTypeScript, type SourceFile } from './sources.ts';

/** The law, as a breach is told and as the docs print it. */
export const LAWS = {
  pure: 'core imports no module of Node',
  inward: 'core imports core only',
  stages: 'a folder of core imports base and earlier stages only',
  native: 'native imports core/base only, besides itself',
  actors: 'actors import core, native and proto',
  door: 'an actor is imported by others through its index.ts only',
  proto: 'proto imports proto only',
  barrel: "only a folder's index.ts hands on what other files export",
  time: "real time and chance enter by an actor's effects.ts, or by native, only",
} as const;

/**
 * Holds the TypeScript files of the product to the import law.
 * @returns one line per breach: file, import, law; empty when the house is in order.
 */
export const breaches = (files: readonly SourceFile[]): readonly string[] =>
  files.filter(isTypeScript).flatMap((file) => [
    ...importsOf(file).flatMap((one) => {
      const law = lawBrokenBy(one);
      return law === undefined ? [] : [`${one.from} imports ${one.written}: ${law}`];
    }),
    ...realTimeAndChance(file),
  ]);

function lawBrokenBy(one: Import): string | undefined {
  const [floor] = one.from.split('/');
  if (floor === 'test' || floor === 'image') return undefined;
  if (one.exported && one.kind === 'file' && !one.from.endsWith('/index.ts')) return LAWS.barrel;
  if (floor === 'core' && one.kind === 'node') return LAWS.pure;
  if (one.kind !== 'file') return undefined;
  if (floor === 'core') return coreLaw(one);
  if (floor === 'actors') return actorsLaw(one);
  if (floor === 'native') return nativeLaw(one);
  return subsystemOf(one.target) === 'proto' ? undefined : LAWS.proto;
}

function coreLaw(one: Import): string | undefined {
  const stage = (path: string): number => CORE.findIndex((room) => room.path === subsystemOf(path));
  const [from, target] = [stage(one.from), stage(one.target)];
  if (from < 0) return `${subsystemOf(one.from)} has no place in the order of core's folders`;
  if (target < 0) return LAWS.inward;
  return target <= from ? undefined : `${LAWS.stages}, and ${CORE[target]?.path} comes later`;
}

function actorsLaw(one: Import): string | undefined {
  const target = subsystemOf(one.target);
  if (target === subsystemOf(one.from) || /^(?:core|native)\/|^proto$/.test(target)) return undefined;
  if (!target.startsWith('actors/')) return LAWS.actors;
  return one.target === `${target}/index.ts` ? undefined : `${LAWS.door} (${target})`;
}

function nativeLaw(one: Import): string | undefined {
  const target = subsystemOf(one.target);
  return target === subsystemOf(one.from) || target === 'core/base' ? undefined : LAWS.native;
}

const GLOBAL = '(?<![.\\w])(?:globalThis\\.)?';
/** Not the name of a property, nor of a method in an interface: a clock may be called so. */
const USED = '(?!\\s*:|\\(\\s*\\w+\\s*:)';
const TIME_AND_CHANCE: readonly RegExp[] = [
  new RegExp(`${GLOBAL}Date\\.now\\b`),
  new RegExp(`${GLOBAL}new Date\\(\\s*\\)`),
  new RegExp(`${GLOBAL}set(?:Timeout|Interval)\\b${USED}`),
  new RegExp(`${GLOBAL}performance\\.now\\b`),
  new RegExp(`${GLOBAL}process\\.(?:hrtime|uptime)\\b`),
  new RegExp(`${GLOBAL}Math\\.random\\b`),
  /\brandomUUID\b/,
];

function realTimeAndChance(file: SourceFile): readonly string[] {
  const ruled = /^(?:core|actors|proto)\//.test(file.path) && !file.path.startsWith('core/console/browser/');
  if (!ruled || (file.path.startsWith('actors/') && file.path.endsWith('/effects.ts'))) return [];
  const code = codeOf(file.text, 'blank');
  const imports = importsOf(file).filter((one) => /^(?:node:)?timers\b/.test(one.written));
  return [...TIME_AND_CHANCE.flatMap((use) => use.exec(code)?.[0] ?? []), ...imports.map((one) => one.written)].map(
    (use) => `${file.path} uses ${use}: ${LAWS.time}`,
  );
}
