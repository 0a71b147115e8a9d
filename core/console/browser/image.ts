import { get, post, Refused, useCsrf } from './api.ts';
import { showImage, showUpdate } from './image-views.ts';
import { follow, paced } from './live.ts';
import { at, fields, onBehalfOf } from './page.ts';
import type { Image, Session, UpdateRow } from './wire.ts';
import { clock } from './words.ts';

/** The page is brought up to date this often, and at once when an update takes a step. */
const REFRESH_MS = 5000;
/** A bundle is judged before an order to install it is answered, and root is asked before one to reboot. */
const PATIENCE_MS = 120_000;

/** The open page: what it shows and how it is kept up to date. */
class ImagePage {
  readonly #mayWrite: boolean;
  #phase = '';
  #asked = 0;
  #heardAt = new Date();

  constructor(mayWrite: boolean) {
    this.#mayWrite = mayWrite;
  }

  /** Of several updates under way only the one asked for last is shown. Never rejects. */
  async refresh(): Promise<void> {
    const mine = ++this.#asked;
    try {
      const image = await get<Image>('/api/v1/image');
      if (mine !== this.#asked) return;
      this.#heardAt = new Date();
      this.#phase = image.update?.phase ?? '';
      showImage(image, this.#mayWrite);
      at('trouble').textContent = '';
    } catch (cause) {
      if (cause instanceof Refused && cause.isSessionLost) location.reload();
      else if (!(cause instanceof Refused && cause.isSilence)) at('trouble').textContent = messageOf(cause);
    }
  }

  keepUpToDate(): void {
    const refresh = paced(() => this.refresh());
    const refreshIfSeen = (): void => {
      if (!document.hidden) refresh();
    };
    const listener = {
      onOpen: () => {
        sayLive('live', 'on');
        void this.refresh();
      },
      onLost: () => sayLive(`reconnecting; last heard ${clock(this.#heardAt)}`, ''),
      onFinding: (data: string) => this.#step(JSON.parse(data) as UpdateRow, refreshIfSeen),
    };
    follow(listener, '/api/v1/image/events', 'update');
    setInterval(refreshIfSeen, REFRESH_MS);
    document.addEventListener('visibilitychange', refreshIfSeen);
  }

  listen(): void {
    const install = at<HTMLFormElement>('install-form');
    install.addEventListener('submit', async (event) => {
      event.preventDefault();
      const { source, allow_older, retry_failed } = fields(install);
      const body = { source, allow_older: allow_older === 'on', retry_failed: retry_failed === 'on' };
      if (await this.#order(install, '/api/v1/image/install', body)) install.reset();
    });
    at('reboot-now').addEventListener('click', async () => {
      const ordered = await this.#order(at('reboot'), '/api/v1/image/reboot', {});
      if (ordered) at('ordered').textContent = 'The appliance reboots. This page comes back with it.';
    });
    const reset = at<HTMLFormElement>('reset-form');
    reset.addEventListener('submit', async (event) => {
      event.preventDefault();
      const ordered = await this.#order(reset, '/api/v1/image/factory-reset', fields(reset));
      if (ordered)
        at('ordered').textContent = 'Everything is erased, and the appliance reboots. Then it waits to be claimed.';
    });
  }

  /** Slots and the past change with the phase alone. */
  #step(update: UpdateRow, refresh: () => void): void {
    showUpdate(update, this.#mayWrite);
    if (update.phase !== this.#phase) refresh();
    this.#phase = update.phase;
  }

  #order(element: HTMLElement, path: string, body: unknown): Promise<boolean> {
    return onBehalfOf(element, async () => {
      await post(path, body, {}, PATIENCE_MS).catch((cause: unknown) => {
        if (cause instanceof Refused && cause.isSessionLost) location.reload();
        throw cause;
      });
      await this.refresh();
    });
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
  const page = new ImagePage(session.scopes.includes('admin'));
  await page.refresh();
  at('house').hidden = false;
  page.listen();
  page.keepUpToDate();
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

main().catch((cause: unknown) => {
  at('trouble').textContent = messageOf(cause);
});
