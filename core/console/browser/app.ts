import { get, post, Refused } from './api.ts';
import { enter } from './door.ts';
import { follow, paced } from './live.ts';
import { at, fields, onBehalfOf } from './page.ts';
import { listenToSearch } from './search.ts';
import { showChanges, showEvidence, TrialBanner } from './trial.ts';
import { type House, show } from './views.ts';
import type { BlockRow, ChangeDetail, Changes, FindingRow, NetworkRow, Pending, PendingRow, Status } from './wire.ts';
import { clock } from './words.ts';

/** The page is brought up to date this often, and soon after a finding arrived. */
const REFRESH_MS = 5000;
/** A finding is told of before it is acted upon: so much later the page looks for the block that answers it. */
const ANSWER_MS = 1000;

type Write = readonly [path: string, body: unknown];

/** What the buttons in the page do, by their `data-act`. */
const ACTS: Readonly<Record<string, (button: HTMLButtonElement) => Write>> = {
  block: ({ value: ip, dataset }) => ['/api/v1/block-ip', { ip, reason: dataset['reason'] ?? '', duration: '24h' }],
  unblock: ({ value: ip }) => ['/api/v1/unblock-ip', { ip }],
  'unblock-network': ({ value: cidr }) => ['/api/v1/firewall/remove-subnet', { cidr }],
  confirm: ({ value: id }) => [`/api/v1/changes/${id}/confirm`, {}],
  revert: ({ value: id }) => [`/api/v1/changes/${id}/revert`, {}],
  mode: ({ value: mode }) => ['/api/v1/mode', { mode }],
};

/** The open console: what it shows and how it is kept up to date. */
class Console {
  readonly #mayWrite: boolean;
  readonly #banner = new TrialBanner();
  #known: ReadonlySet<string> | undefined;
  #asked = 0;
  #heardAt = new Date();

  constructor(mayWrite: boolean) {
    this.#mayWrite = mayWrite;
  }

  /** Of several updates under way only the one asked for last is shown. Never rejects. */
  async refresh(): Promise<void> {
    const mine = ++this.#asked;
    try {
      const house = await askForAll(this.#mayWrite);
      if (mine === this.#asked) this.#show(house);
    } catch (cause) {
      if (cause instanceof Refused && cause.isSessionLost) location.reload();
      // Once there is something to see, silence is told of beside the appliance's name.
      else if (this.#known === undefined || !(cause instanceof Refused && cause.isSilence)) {
        at('trouble').textContent = messageOf(cause);
      }
    }
  }

  /** Carries an order out on behalf of an element of the page, then shows what came of it. */
  write(element: HTMLElement, [path, body]: Write): Promise<boolean> {
    return onBehalfOf(element, async () => {
      await post(path, body).catch((cause: unknown) => {
        if (cause instanceof Refused && cause.isSessionLost) location.reload();
        throw cause;
      });
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
      onFinding: () => {
        refreshIfSeen();
        setTimeout(refreshIfSeen, ANSWER_MS);
      },
    });
    setInterval(refreshIfSeen, REFRESH_MS);
    document.addEventListener('visibilitychange', refreshIfSeen);
  }

  #show(house: House): void {
    this.#heardAt = new Date();
    at('trouble').textContent = '';
    show(house, { mayWrite: this.#mayWrite, known: this.#known });
    this.#banner.show(house.trial, this.#mayWrite);
    showChanges(house.changes);
    this.#known = new Set(house.findings.map(({ id }) => id));
  }
}

/** @param isAdmin networks are for admins to see */
async function askForAll(isAdmin: boolean): Promise<House> {
  const [status, findings, blocks, pending, networks, trial, { changes }] = await Promise.all([
    get<Status>('/api/v1/status'),
    get<readonly FindingRow[]>('/api/v1/findings'),
    get<readonly BlockRow[]>('/api/v1/blocked-ips'),
    get<readonly PendingRow[]>('/api/v1/pending-blocks'),
    isAdmin ? get<readonly NetworkRow[]>('/api/v1/firewall/subnets') : [],
    get<Pending>('/api/v1/changes/pending'),
    get<Changes>('/api/v1/changes'),
  ]);
  return { status, findings, blocks, pending, networks, trial, changes };
}

function sayLive(text: string, className: string): void {
  at('live').textContent = text;
  at('live').className = className;
}

function listen(open: Console): void {
  const form = at<HTMLFormElement>('block-form');
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (await open.write(form, ['/api/v1/block-ip', fields(form)])) form.reset();
  });
  document.addEventListener('click', async ({ target }) => {
    const button = target instanceof Element ? target.closest<HTMLButtonElement>('button[data-act]') : null;
    const write = ACTS[button?.dataset['act'] ?? ''];
    const place = button?.closest<HTMLElement>('tr, .mode, #trial');
    if (button?.dataset['act'] === 'evidence' && place) {
      const { value: id } = button;
      await onBehalfOf(place, async () => showEvidence(await get<ChangeDetail>(`/api/v1/changes/${id}`)));
      return;
    }
    if (button === null || write === undefined || !place) return;
    const done = await open.write(place, write(button));
    // The button of the mode that now holds is gone; whoever works by keyboard goes on from its card.
    if (done && button.hidden) place.focus();
  });
  at('evidence-close').addEventListener('click', () => {
    at('evidence').hidden = true;
    at('changes-title').focus();
  });
  const logout = at('logout');
  logout.addEventListener('click', () =>
    onBehalfOf(logout, async () => {
      await post('/logout', {});
      location.reload();
    }),
  );
}

/** The only time that the token is seen: it stays on the page, and the page open, until somebody says it is kept. */
function showNewToken(token: string): void {
  const section = at('new-token');
  const stay = (event: Event): void => event.preventDefault();
  addEventListener('beforeunload', stay);
  at('token-text').textContent = token;
  section.hidden = false;
  section.focus();
  at('token-copy').addEventListener('click', async () => {
    await navigator.clipboard.writeText(token).then(
      () => at('token-said').replaceChildren('Copied.'),
      () => at('token-said').replaceChildren('The browser does not let this page copy; mark the token and copy it.'),
    );
  });
  at('token-kept').addEventListener('click', () => {
    removeEventListener('beforeunload', stay);
    section.remove();
  });
}

async function main(): Promise<void> {
  const { session, newToken } = await enter();
  const open = new Console(session.scopes.includes('admin'));
  at('who').textContent = session.name;
  at('to-settings').hidden = !session.scopes.includes('admin');
  at('house').hidden = false;
  if (newToken !== undefined) showNewToken(newToken);
  listen(open);
  if (session.scopes.includes('admin')) listenToSearch();
  open.keepUpToDate();
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

main().catch((cause: unknown) => {
  at('trouble').textContent = messageOf(cause);
});
