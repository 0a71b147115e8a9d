import { at, made } from './page.ts';
import { cell, fill } from './rows.ts';
import type { Counters } from './wire.ts';
import { clock, ruleName } from './words.ts';

export type Unit = 'packets' | 'bytes';

/** Rules drawn apart; what the others counted is one more. */
const MOST_SERIES = 5;
/** Columns drawn: so many can be told apart on a narrow screen. */
const MOST_BARS = 120;
/** Of the drawing, in units of its own; it is stretched to the width of the page. */
const [WIDTH, HEIGHT, FLOOR] = [1000, 168, 167];
const SVG = 'http://www.w3.org/2000/svg';

/** Of one rule, both families together. */
interface Rule {
  readonly name: string;
  readonly packets: readonly number[];
  readonly bytes: readonly number[];
  readonly total: number;
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);
const added = (a: readonly number[], b: readonly number[]): number[] => a.map((count, i) => count + (b[i] ?? 0));

/** Shows what was counted, drawn over time and as a table; the largest first. */
export function showCounters({ from, step_seconds: step, counters }: Counters, unit: Unit): void {
  const rules = rulesOf(counters).sort((a, b) => sum(b[unit]) - sum(a[unit]));
  const counted = rules.some(({ packets }) => sum(packets) > 0);
  at('chart').replaceChildren(...(counted ? [drawing(rules, { start: new Date(from), step, unit })] : []));
  at('counters-table').hidden = rules.length === 0;
  at('counters-empty').hidden = rules.length > 0;
  fill(
    at<HTMLTableSectionElement>('counters'),
    rules.map(({ name, packets, bytes, total }, i) => ({
      key: name,
      cells: [
        cell(
          'Rule',
          made('span', [made('span', '', `swatch series-${Math.min(i, MOST_SERIES)}`), made('span', ruleName(name))]),
        ),
        cell('Packets', sum(packets).toLocaleString('en'), 'number'),
        cell('Bytes', size(sum(bytes)), 'number'),
        cell('Packets in all', total.toLocaleString('en'), 'number'),
      ],
    })),
  );
}

/** `blocked4` and `blocked6` are one rule to who looks. */
function rulesOf(counters: Counters['counters']): Rule[] {
  const rules = new Map<string, Rule>();
  for (const { name, packets, bytes, total } of counters) {
    const base = name.replace(/[46]$/, '');
    const before = rules.get(base);
    rules.set(base, {
      name: base,
      packets: before === undefined ? packets : added(packets, before.packets),
      bytes: before === undefined ? bytes : added(bytes, before.bytes),
      total: total.packets + (before?.total ?? 0),
    });
  }
  return [...rules.values()];
}

interface Frame {
  readonly start: Date;
  /** Seconds. */
  readonly step: number;
  readonly unit: Unit;
}

function drawing(rules: readonly Rule[], { start, step, unit }: Frame): HTMLElement {
  const series = drawn(rules.map((rule) => rule[unit]));
  const width = Math.max(1, Math.ceil((series[0]?.length ?? 1) / MOST_BARS));
  const bars = series.map((counts) => gathered(counts, width));
  const count = bars[0]?.length ?? 1;
  const sums = Array.from({ length: count }, (_, i) => sum(bars.map((of) => of[i] ?? 0)));
  const most = Math.max(1, ...sums);
  const end = new Date(start.getTime() + step * 1000 * (series[0]?.length ?? 0));
  const svg = shape('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img' });
  const inWords = unit === 'bytes' ? size(most) : `${most.toLocaleString('en')} packets`;
  svg.setAttribute(
    'aria-label',
    `Packets that met a rule from ${clock(start)} to ${clock(end)}, at most ${inWords} in ${step * width} seconds`,
  );
  for (const y of [14, (14 + FLOOR) / 2, FLOOR])
    svg.append(shape('line', { x1: 0, x2: WIDTH, y1: y, y2: y, class: 'grid' }));
  svg.append(...columns(bars, { count, most }));
  const box = made('div', [svg], 'frame');
  const labels = made(
    'div',
    [made('span', clock(start)), made('span', `${inWords} in ${step * width} s at most`), made('span', clock(end))],
    'axis note',
  );
  return made('figure', [box, labels]);
}

/** The largest, and all others as one. */
const drawn = (series: readonly (readonly number[])[]): readonly (readonly number[])[] => {
  const rest = series.slice(MOST_SERIES);
  return rest.length === 0 ? series : [...series.slice(0, MOST_SERIES), rest.reduce(added)];
};

/** Sums of so many steps each, the newest last and whole. */
function gathered(counts: readonly number[], width: number): number[] {
  const bars: number[] = [];
  for (let end = counts.length; end > 0; end -= width) bars.unshift(sum(counts.slice(Math.max(0, end - width), end)));
  return bars;
}

function columns(
  bars: readonly (readonly number[])[],
  { count, most }: { readonly count: number; readonly most: number },
) {
  const wide = WIDTH / count;
  const tall = FLOOR - 14;
  return Array.from({ length: count }, (_, i) => {
    let top = FLOOR;
    return bars.flatMap((of, series) => {
      const height = ((of[i] ?? 0) / most) * tall;
      if (height === 0) return [];
      top -= height;
      const place = { x: i * wide + wide * 0.1, y: top, width: wide * 0.8, height, class: `series-${series}` };
      return [shape('rect', place)];
    });
  }).flat();
}

function shape(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(SVG, tag) as SVGElement;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

/** `1.2 MB`. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
