import { get, Refused } from './api.ts';
import { at, fields, made, onBehalfOf } from './page.ts';
import { cell as labelled } from './rows.ts';
import { moment } from './views.ts';
import type { EventRow, EventSearch } from './wire.ts';
import { visible } from './words.ts';

const PATH = '/api/v1/events/search';
const PAGE_ROWS = 50;
/** What the appliance gives at a time. */
const MOST_ROWS = 1000;
/** The appliance answers this often, so that one sees how far it is. */
const STEP_S = 2;
/** Less than a request may take. */
const LONGEST_S = 12;

/** One search: its pages one behind the other, until a page is full, everything is searched, or somebody stops it. */
class Search {
  readonly #asked: URLSearchParams;
  /** Rows of a page: what the query itself says goes before ours. */
  readonly #rows: number;
  readonly #isLimited: boolean;
  #stop = new AbortController();
  #next: string | undefined;
  #within = STEP_S;

  constructor(asked: Readonly<Record<string, string>>) {
    const limit = limitIn(asked['q'] ?? '');
    this.#rows = limit ?? PAGE_ROWS;
    this.#isLimited = limit !== undefined;
    this.#asked = new URLSearchParams(asked);
  }

  stop(): void {
    this.#stop.abort();
  }

  async page(): Promise<void> {
    this.#stop = new AbortController();
    for (let shown = 0; shown < this.#rows; ) {
      const answer = await this.#ask(this.#rows - shown);
      if (answer === undefined) return say('stopped', this.#next !== undefined);
      // What takes longer than a step to read, as with a slow pattern, gets more time.
      this.#within = answer.complete || answer.next_after !== this.#next ? STEP_S : this.#within * 2;
      this.#next = answer.next_after;
      shown += answer.events.length;
      show(answer);
      const isOver = answer.complete || answer.next_after === undefined || this.#within > LONGEST_S;
      const isEnough = this.#isLimited && shown >= this.#rows;
      say(told(answer), isOver && !isEnough && this.#next !== undefined);
      if (isOver) return;
    }
    at('search-more').hidden = this.#isLimited;
  }

  /** Undefined when somebody stopped it. */
  async #ask(rows: number): Promise<EventSearch | undefined> {
    this.#asked.set('limit', String(Math.min(rows, MOST_ROWS)));
    this.#asked.set('after', this.#next ?? '');
    this.#asked.set('within', String(this.#within));
    try {
      return await get<EventSearch>(`${PATH}?${this.#asked}`, this.#stop.signal);
    } catch (cause) {
      if (this.#stop.signal.aborted) return undefined;
      if (cause instanceof Refused && cause.isSessionLost) location.reload();
      throw cause;
    }
  }
}

/** Makes the search of events work: for who may read the lines of the logs. */
export function listenToSearch(): void {
  const form = at<HTMLFormElement>('search-form');
  let search: Search | undefined;
  at('search-section').hidden = false;
  const run = (mine: Search): void => {
    search = mine;
    void onBehalfOf(form, async () => {
      at('search-more').hidden = true;
      at('search-stop').hidden = false;
      try {
        await mine.page();
      } finally {
        at('search-stop').hidden = true;
      }
    });
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (form.ariaBusy === 'true') return;
    clear();
    run(new Search(askedIn(form)));
  });
  at('search-stop').addEventListener('click', () => search?.stop());
  at('search-more').addEventListener('click', () => {
    if (search !== undefined) run(search);
  });
}

/** What `| limit N` says, outside of what is in quotes. */
function limitIn(query: string): number | undefined {
  const bare = query.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const rows = /\|\s*limit\s+(\d{1,6})\b/i.exec(bare)?.[1];
  return rows === undefined ? undefined : Number(rows);
}

/** What the query itself says of the time goes before what is chosen beside it. */
function askedIn(form: HTMLFormElement): Readonly<Record<string, string>> {
  const asked = fields(form);
  return /\|\s*(?:since|until)\b/.test(asked['q'] ?? '') ? { ...asked, since: '' } : asked;
}

function clear(): void {
  at('events').replaceChildren();
  at('counts').replaceChildren();
  at('events-table').hidden = true;
  at('counts-table').hidden = true;
  say('', false);
}

function say(text: string, hasMore: boolean): void {
  at('search-said').textContent = text;
  at('search-more').hidden = !hasMore;
}

function told({ searched, complete, counted, unreadable }: EventSearch): string {
  const { rows, read, blocks, reached } = searched;
  const far = `${rows.toLocaleString('en')} events looked at in ${read} of ${blocks} blocks`;
  const how = complete
    ? ''
    : reached === undefined
      ? '; searching on'
      : `; searched back to ${new Date(reached).toLocaleString()}`;
  const isNothing = complete && counted === undefined && at('events').childElementCount === 0;
  const found = isNothing ? 'Nothing was found: ' : '';
  const lost = unreadable === 0 ? '' : `; ${unreadable} places could not be read, see the components`;
  return `${found}${far}${how}${lost}`;
}

function show({ events, counted }: EventSearch): void {
  at('events').append(...events.flatMap(rowsOf));
  at('events-table').hidden = at('events').childElementCount === 0;
  if (counted === undefined) return;
  at('counts').replaceChildren(
    ...counted.rows.map(({ from, values, count }) =>
      made('tr', [
        labelled('Count', count.toLocaleString('en'), 'tight number'),
        labelled('From', from === undefined ? '' : moment(from), 'tight'),
        labelled('Of', textOf(values), 'text'),
      ]),
    ),
  );
  at('counts-table').hidden = counted.rows.length === 0;
}

/** A row, and under it what opens: the line's message as it stands and everything that was read in it. */
function rowsOf({ id, at: when, message, fields: values }: EventRow): readonly HTMLTableRowElement[] {
  const open = made('button', 'Open', 'quiet');
  open.type = 'button';
  open.ariaExpanded = 'false';
  open.setAttribute('aria-label', `Open event ${id}`);
  const facts = Object.entries(values).map(([name, value]) =>
    made('div', [made('dt', name), made('dd', visible(String(value)))]),
  );
  const raw = made('td', [made('pre', visible(message)), made('dl', facts)], 'text');
  raw.colSpan = 6;
  const detail = made('tr', [raw], 'detail');
  detail.hidden = true;
  open.addEventListener('click', () => {
    detail.hidden = !detail.hidden;
    open.ariaExpanded = String(!detail.hidden);
    open.textContent = detail.hidden ? 'Open' : 'Close';
  });
  const row = made('tr', [
    labelled('Time', moment(when), 'tight'),
    labelled('Host', visible(String(values['host'] ?? '')), 'tight'),
    labelled('Program', visible(String(values['program'] ?? '')), 'tight'),
    labelled('IP', String(values['ip'] ?? ''), 'tight address'),
    labelled('Message', message === '' ? textOf(values) : visible(message), 'text line'),
    labelled('', open, 'act'),
  ]);
  return [row, detail];
}

const textOf = (values: EventRow['fields']): string =>
  Object.entries(values)
    .map(([name, value]) => visible(`${name} ${value}`))
    .join(' · ');
