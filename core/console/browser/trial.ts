import { actButton, at, made } from './page.ts';
import { cell, fill } from './rows.ts';
import type { ChangeDetail, ChangeRow, Pending, TrialRow } from './wire.ts';
import { countdown, stamp } from './words.ts';

/** What is on trial: told above everything else, with a countdown that goes on whether or not the appliance answers. */
export class TrialBanner {
  #trial: TrialRow | undefined;
  /** On this page's own clock, ms: the appliance may have another time. */
  #endsAt = 0;

  constructor() {
    setInterval(() => this.#tick(), 1000);
  }

  show({ change }: Pending, mayWrite: boolean): void {
    const isNew = change !== undefined && change.id !== this.#trial?.id;
    this.#trial = change;
    const banner = at('trial');
    banner.hidden = change === undefined;
    if (change === undefined) {
      at('trial-said').textContent = '';
      return;
    }
    const { summary, by, seconds_remaining: left, state } = change;
    this.#endsAt = performance.now() + left * 1000;
    at('trial-what').textContent = summary;
    at('trial-who').textContent = by.peer === 'local' ? `by ${by.actor}` : `by ${by.actor} from ${by.peer}`;
    at('trial-end').textContent = howItEnds(change);
    at('trial-probes').replaceChildren(...newest(change).map(probeMark));
    at('trial-acts').hidden = !mayWrite || state === 'confirming' || state === 'reverting';
    for (const button of banner.querySelectorAll<HTMLButtonElement>('button')) button.value = change.id;
    if (isNew) at('trial-said').textContent = `${summary} is on trial until ${stamp(change.deadline)}.`;
    this.#tick();
  }

  #tick(): void {
    if (this.#trial === undefined) return;
    const left = Math.ceil((this.#endsAt - performance.now()) / 1000);
    at('trial-left').textContent = left > 0 ? countdown(left) : 'its time is over';
  }
}

const howItEnds = ({ state, confirmed_by: by }: TrialRow): string => {
  if (state === 'stuck') return 'It could not be taken back yet; this is tried again and again.';
  if (state === 'confirming' || state === 'reverting') return `It is ${state}.`;
  const probes = by === 'probes' ? 'its probes pass or ' : '';
  return `It is taken back by itself unless ${probes}somebody confirms it.`;
};

/** The newest that each probe saw. */
const newest = ({ evidence }: TrialRow) => [...new Map(evidence.map((one) => [one.probe, one])).values()];

function probeMark({ probe, result, detail }: TrialRow['evidence'][number]): Node {
  const mark = made('span', `${probe} ${result}`, `probe ${result}`);
  mark.title = detail;
  return mark;
}

/** The history, newest first. */
export function showChanges(changes: readonly ChangeRow[]): void {
  fill(
    at<HTMLTableSectionElement>('changes'),
    changes.map((change) => ({
      key: change.id,
      cells: [
        cell('When', timeOf(change), 'tight'),
        cell('What', change.summary, 'text'),
        cell('By', change.by.actor, 'tight'),
        cell('State', stateOf(change), `tight ${change.state}`),
        cell('Why', change.verdict?.why ?? '', 'text'),
        cell('', actButton('evidence', change.id, 'Evidence', `Evidence of ${change.summary}`), 'act'),
      ],
    })),
  );
  at('changes-table').hidden = changes.length === 0;
  at('changes-empty').hidden = changes.length > 0;
}

function timeOf({ proposed_at: iso }: ChangeRow): Node {
  const time = made('time', stamp(iso));
  time.dateTime = iso;
  return time;
}

const stateOf = ({ state, verdict }: ChangeRow): string =>
  verdict === undefined ? state : `${state} by ${verdict.by.replaceAll('_', ' ')}`;

/** What the probes of one change saw, and how it ended. */
export function showEvidence({ id, summary, evidence, verdict, parts, by, before, after }: ChangeDetail): void {
  at('evidence-title').textContent = `Evidence of ${summary}`;
  const fresh = verdict?.fresh_connection;
  const facts: readonly (readonly [string, string])[] = [
    ['Change', id],
    ['Affects', parts.join(', ')],
    ['Proposed by', `${by.actor} (${by.peer})`],
    ['Ended', verdict === undefined ? 'not yet' : `${stamp(verdict.at)}: ${verdict.why}`],
    ['Word of', verdict?.word === undefined ? '' : `${verdict.word.actor} (${verdict.word.peer})`],
    ['Connection', fresh === undefined ? '' : fresh.proved ? 'opened under the new state' : (fresh.why ?? 'old')],
    ['Before', before],
    ['After', after],
  ];
  at('evidence-facts').replaceChildren(
    ...facts.flatMap(([name, value]) => (value === '' ? [] : [made('dt', name), made('dd', value)])),
  );
  fill(
    at<HTMLTableSectionElement>('evidence-rows'),
    evidence.map(({ at: iso, probe, result, detail, took_ms: took }) => ({
      key: `${iso} ${probe}`,
      cells: [
        cell('When', stamp(iso), 'tight'),
        cell('Probe', probe, 'tight'),
        cell('Result', result, `tight probe ${result}`),
        cell('What came of it', detail, 'text'),
        cell('Took', `${took.toLocaleString('en')} ms`, 'tight number'),
      ],
    })),
  );
  at('evidence-table').hidden = evidence.length === 0;
  at('evidence').hidden = false;
  at('evidence-title').focus();
}
