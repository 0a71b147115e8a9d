import { CORE, subsystemOf } from './rooms.ts';
import { codeOf, type Import, importsOf, isTypeScript, type SourceFile } from './sources.ts';

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
  if (one.exported && one.kind === 'file' && !one.from.endsWith('/index.ts'))
    return "only a folder's index.ts hands on what others export";
  if (floor === 'core' && one.kind === 'node') return 'core is pure and imports no module of Node';
  if (one.kind !== 'file') return undefined;
  if (floor === 'core') return coreLaw(one);
  if (floor === 'actors') return actorsLaw(one);
  if (floor === 'native') return nativeLaw(one);
  return subsystemOf(one.target) === 'proto' ? undefined : 'proto imports proto only';
}

function coreLaw(one: Import): string | undefined {
  const stage = (path: string): number => CORE.findIndex((room) => room.path === subsystemOf(path));
  const [from, target] = [stage(one.from), stage(one.target)];
  if (from < 0) return `${subsystemOf(one.from)} has no place in the order of core`;
  if (target < 0) return 'core imports core only';
  return target <= from
    ? undefined
    : `core imports base and earlier stages only, and ${CORE[target]?.path} comes later`;
}

function actorsLaw(one: Import): string | undefined {
  const target = subsystemOf(one.target);
  if (target === subsystemOf(one.from) || /^(?:core|native)\/|^proto$/.test(target)) return undefined;
  if (!target.startsWith('actors/')) return 'actors import core, native, proto and other actors only';
  return one.target === `${target}/index.ts` ? undefined : `${target} is imported through its index.ts only`;
}

function nativeLaw(one: Import): string | undefined {
  const target = subsystemOf(one.target);
  return target === subsystemOf(one.from) || target === 'core/base' ? undefined : 'native imports core/base only';
}

const GLOBAL = '(?<![.\\w])(?:globalThis\\.)?';
const TIME_AND_CHANCE: readonly RegExp[] = [
  new RegExp(`${GLOBAL}Date\\.now\\b`),
  new RegExp(`${GLOBAL}new Date\\(\\s*\\)`),
  new RegExp(`${GLOBAL}set(?:Timeout|Interval)\\b`),
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
    (use) => `${file.path} uses ${use}: real time and chance enter by effects.ts of an actor only`,
  );
}
