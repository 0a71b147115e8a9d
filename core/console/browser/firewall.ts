import { get, post, Refused, useCsrf } from './api.ts';
import { showCounters, type Unit } from './chart.ts';
import { found, showAllows, showBlocks, showLists, showNetworks, showPending, showState } from './firewall-views.ts';
import { follow, paced } from './live.ts';
import { at, fields, onBehalfOf } from './page.ts';
import { TrialBanner } from './trial.ts';
import { type Undoable, UndoOffer } from './undo.ts';
import type { Allowed, BlockRow, Counters, Lists, NetworkRow, Pending, PendingRow, Session, Status } from './wire.ts';
import { clock } from './words.ts';

/** The page is brought up to date this often, and the counters, which are read less often, this often. */
const REFRESH_MS = 5000;
const COUNTERS_MS = 10_000;
/** Addresses that one order lifts. */
const MOST_AT_ONCE = 500;

interface Order {
  readonly path: string;
  readonly body: unknown;
  /** What is said when it was done; without it nothing is offered to be taken back. */
  readonly said?: string;
}

/** What the buttons in the page order, by their `data-act`. */
const ACTS: Readonly<Record<string, (button: HTMLButtonElement) => Order>> = {
  unblock: ({ value: ip }) => ({ path: '/api/v1/unblock-ip', body: { ip }, said: `${ip} is unblocked.` }),
  'unblock-network': ({ value: cidr }) => ({
    path: '/api/v1/firewall/remove-subnet',
    body: { cidr },
    said: `${cidr} is unblocked.`,
  }),
  disallow: ({ value: ip, dataset }) => ({
    path: '/api/v1/firewall/remove-allow',
    body: { ip, ...portOf(dataset['port']) },
  }),
  'refresh-list': ({ value: name }) => ({ path: '/api/v1/firewall/lists/refresh', body: { name } }),
  'accept-list': ({ value: name }) => ({ path: '/api/v1/firewall/lists/accept', body: { name } }),
  confirm: ({ value: id }) => ({ path: `/api/v1/changes/${id}/confirm`, body: {} }),
  revert: ({ value: id }) => ({ path: `/api/v1/changes/${id}/revert`, body: {} }),
};

/** `22/tcp` as the fields of an order. */
function portOf(text: string | undefined): Readonly<Record<string, unknown>> {
  const [port, protocol] = text?.split('/') ?? [];
  return port === undefined ? {} : { ports: [{ protocol, port: Number(port) }] };
}

/** The open page: what it shows and how it is kept up to date. */
class FirewallPage {
  readonly #isAdmin: boolean;
  readonly #banner = new TrialBanner();
  readonly #undo = new UndoOffer(() => this.refresh());
  #blocks: readonly BlockRow[] = [];
  #mayBlock = false;
  #asked = 0;
  #heardAt = new Date();

  constructor(isAdmin: boolean) {
    this.#isAdmin = isAdmin;
    for (const id of ['networks-section', 'allows-section', 'to-settings']) at(id).hidden = !isAdmin;
  }

  /** Of several updates under way only the one asked for last is shown. Never rejects. */
  async refresh(): Promise<void> {
    const mine = ++this.#asked;
    try {
      const show = await this.#ask();
      if (mine !== this.#asked) return;
      show();
      this.#heardAt = new Date();
      at('trouble').textContent = '';
    } catch (cause) {
      if (cause instanceof Refused && cause.isSessionLost) location.reload();
      else if (!(cause instanceof Refused && cause.isSilence)) at('trouble').textContent = messageOf(cause);
    }
  }

  async counters(): Promise<void> {
    const form = at<HTMLFormElement>('counters-form');
    const { since = '1h', unit } = fields(form);
    const answer = await get<Counters>(`/api/v1/firewall/counters?since=${since}`).catch(() => undefined);
    if (answer !== undefined) showCounters(answer, unit as Unit);
  }

  /** Carries an order out on behalf of an element of the page, shows what came of it, and offers to take it back. */
  order(element: HTMLElement, { path, body, said }: Order): Promise<boolean> {
    return onBehalfOf(element, async () => {
      const done = await post<Undoable>(path, body).catch((cause: unknown) => {
        if (cause instanceof Refused && cause.isSessionLost) location.reload();
        throw cause;
      });
      if (said !== undefined) this.#undo.show(said, done);
      await this.refresh();
    });
  }

  keepUpToDate(): void {
    const refresh = paced(() => this.refresh());
    const refreshIfSeen = (): void => {
      if (!document.hidden) refresh();
    };
    follow({
      onOpen: () => {
        sayLive('live', 'on');
        void this.refresh();
      },
      onLost: () => sayLive(`reconnecting; last heard ${clock(this.#heardAt)}`, ''),
      onFinding: refreshIfSeen,
    });
    setInterval(refreshIfSeen, REFRESH_MS);
    setInterval(() => {
      if (!document.hidden) void this.counters();
    }, COUNTERS_MS);
    document.addEventListener('visibilitychange', refreshIfSeen);
  }

  listen(): void {
    const search = at<HTMLInputElement>('search');
    search.addEventListener('input', () => this.#showBlocks());
    this.#onForm('block-form', ({ subject = '', ...rest }) => {
      const isNetwork = subject.includes('/');
      const path = isNetwork ? '/api/v1/firewall/deny-subnet' : '/api/v1/block-ip';
      return { path, body: { [isNetwork ? 'cidr' : 'ip']: subject, ...rest }, said: `${subject} is blocked.` };
    });
    this.#onForm('allow-form', (body) => ({ path: '/api/v1/firewall/allow-ip', body }));
    at('unblock-found').addEventListener('click', () => {
      const ips = found(this.#blocks, search.value)
        .slice(0, MOST_AT_ONCE)
        .map(({ ip }) => ip);
      const said = `${ips.length} ${ips.length === 1 ? 'address is' : 'addresses are'} unblocked.`;
      void this.order(at('search-row'), { path: '/api/v1/unblock-bulk', body: { ips }, said });
    });
    at('flush-now').addEventListener('click', async () => {
      const flush = at<HTMLDetailsElement>('flush');
      const order = { path: '/api/v1/firewall/flush', body: {}, said: 'Every block is lifted.' };
      if (await this.order(flush, order)) flush.open = false;
    });
    at('counters-form').addEventListener('change', () => void this.counters());
    document.addEventListener('click', ({ target }) => {
      const button = target instanceof Element ? target.closest<HTMLButtonElement>('button[data-act]') : null;
      const order = ACTS[button?.dataset['act'] ?? ''];
      const place = button?.closest<HTMLElement>('tr, #trial');
      if (button !== null && order !== undefined && place) void this.order(place, order(button));
    });
  }

  #onForm(id: string, orderOf: (given: Record<string, string>) => Order): void {
    const form = at<HTMLFormElement>(id);
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      if (await this.order(form, orderOf(fields(form)))) form.reset();
    });
  }

  async #ask(): Promise<() => void> {
    const [status, blocks, pending, trial, lists] = await Promise.all([
      get<Status>('/api/v1/status'),
      get<readonly BlockRow[]>('/api/v1/blocked-ips'),
      get<readonly PendingRow[]>('/api/v1/pending-blocks'),
      get<Pending>('/api/v1/changes/pending'),
      get<Lists>('/api/v1/firewall/lists'),
    ]);
    const inner = this.#isAdmin ? await this.#askAdmin() : undefined;
    return () => {
      this.#blocks = blocks;
      this.#mayBlock = this.#isAdmin && status.mode !== 'observe';
      document.title = `Firewall – ${status.hostname} – Bartizan`;
      const allowed = inner === undefined ? 0 : inner.allowed.allowed.length + inner.allowed.port_allowed.length;
      showState(status, allowed);
      const { blocked, networks } = countsIn(status);
      at('flush').hidden = !this.#isAdmin || blocked + networks + pending.length === 0;
      at('observing').hidden = status.mode !== 'observe';
      at('block-form').hidden = !this.#mayBlock;
      this.#showBlocks();
      showPending(pending, this.#isAdmin);
      this.#banner.show(trial, this.#isAdmin);
      showLists(lists, this.#isAdmin);
      inner?.show();
    };
  }

  async #askAdmin() {
    const [networks, allowed] = await Promise.all([
      get<readonly NetworkRow[]>('/api/v1/firewall/subnets'),
      get<Allowed>('/api/v1/firewall/allowed'),
    ]);
    const show = (): void => {
      showNetworks(networks);
      showAllows(allowed);
    };
    return { allowed, show };
  }

  #showBlocks(): void {
    showBlocks(this.#blocks, at<HTMLInputElement>('search').value, this.#isAdmin);
  }
}

function sayLive(text: string, className: string): void {
  at('live').textContent = text;
  at('live').className = className;
}

async function main(): Promise<void> {
  const session = await get<Session>('/api/v1/session');
  if (!session.authenticated) return location.replace('/');
  useCsrf(session.csrf_token);
  const page = new FirewallPage(session.scopes.includes('admin'));
  at('house').hidden = false;
  page.listen();
  await Promise.all([page.refresh(), page.counters()]);
  page.keepUpToDate();
}

const countsIn = ({ automation }: Status) => ({
  blocked: automation.firewall_blocked_ips,
  networks: automation.firewall_blocked_subnets,
});

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

main().catch((cause: unknown) => {
  at('trouble').textContent = messageOf(cause);
});
