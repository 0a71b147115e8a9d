import type { Millis } from '../base/time.ts';
import type { Judgement } from './health.ts';
import { SLOT_NAMES, type SlotName } from './slots.ts';
import type { Needs } from './steadiness.ts';

export interface HealthReading {
  /** On the boot-time clock. */
  readonly at: Millis;
  readonly bootId: string;
  /** Of the daemon: another one begins the count anew. */
  readonly pid: number;
  readonly judgement: Judgement;
  readonly needs: Needs;
}

const LONGEST_LIST = 512;

/** The health file, a `key=value` a line, as `systemd/confirm` reads it: plain ASCII, below 4 KiB. */
export function healthText({ at, bootId, pid, judgement: { verdict, bad }, needs }: HealthReading): string {
  const names = bad
    .map((name) => name.replaceAll(/[^!-~]|,/g, '_'))
    .join(',')
    .slice(0, LONGEST_LIST);
  return Object.entries({
    at,
    boot_id: bootId,
    pid,
    verdict,
    bad: names,
    readings: needs.readings,
    window: needs.window,
    within: needs.within,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

/** What `systemd/confirm` has said of this boot. */
export interface ConfirmOutcome {
  readonly slot: string;
  readonly state: (typeof CONFIRM_STATES)[number];
  readonly why: string;
  /** The slot that was to be booted first, where it had no try left or was marked bad. */
  readonly passedOver?: SlotName;
  /** Absent where they could not be read. */
  readonly counters?: BootCounters;
}

/** The boot loader's counters, as they were when that was said. */
export interface BootCounters {
  /** Which slot is tried first. */
  readonly order: readonly SlotName[];
  /** Starts without being marked good, since it last was. */
  readonly tries: Readonly<Record<SlotName, number>>;
  /** Those that would be started. */
  readonly bootable: readonly SlotName[];
}

export const CONFIRM_STATES = ['waiting', 'reading', 'confirmed', 'unhealthy', 'unmarked'] as const;

/** Reads its outcome file; undefined where that says nothing usable. */
export function confirmOutcome(text: string): ConfirmOutcome | undefined {
  const words = new Map(text.split('\n').map((line) => line.split(/=(.*)/s, 2) as [string, string]));
  const state = CONFIRM_STATES.find((known) => known === words.get('state'));
  if (state === undefined) return undefined;
  const counters = countersIn(words);
  const passedOver = SLOT_NAMES.find((name) => name === words.get('passed_over'));
  return {
    slot: words.get('slot') ?? '',
    state,
    why: words.get('why') ?? '',
    ...(passedOver === undefined ? {} : { passedOver }),
    ...(counters === undefined ? {} : { counters }),
  };
}

function countersIn(words: ReadonlyMap<string, string>): BootCounters | undefined {
  const slotsIn = (text = ''): readonly SlotName[] => SLOT_NAMES.filter((name) => text.split(' ').includes(name));
  const triesOf = (name: SlotName): number =>
    Number(new RegExp(`\\b${name}:(\\d{1,3})`).exec(words.get('tries') ?? '')?.[1]);
  const [A, B] = [triesOf('A'), triesOf('B')];
  if (Number.isNaN(A) || Number.isNaN(B)) return undefined;
  const named = slotsIn(words.get('order'));
  const order = words.get('order')?.startsWith('B') === true ? named.toReversed() : named;
  return { order, tries: { A, B }, bootable: slotsIn(words.get('bootable')) };
}
