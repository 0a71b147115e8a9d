import { post, Refused } from './api.ts';
import { made } from './page.ts';

/** How long the appliance keeps what can be taken back, less what the answer took to get here. */
const WINDOW_S = 29;

/** What an order may answer with. */
export interface Undoable {
  /** Empty where there is nothing to take back. */
  readonly undo_token?: string;
}

/** Offers to take back what was just ordered, for as long as the appliance can; one offer at a time. */
export class UndoOffer {
  readonly #box = made('section', [], '');
  readonly #said = made('p');
  readonly #left = made('p', '', 'note');
  readonly #undo = made('button', 'Undo');
  readonly #close = made('button', 'Close', 'quiet');
  readonly #done: () => Promise<void>;
  #token = '';
  /** On this page's own clock, ms. */
  #endsAt = 0;

  /** @param done brings the page up to date after something was taken back */
  constructor(done: () => Promise<void>) {
    this.#done = done;
    this.#box.id = 'undo';
    this.#box.hidden = true;
    this.#box.ariaLabel = 'Undo';
    this.#said.id = 'undo-said';
    this.#said.setAttribute('role', 'status');
    for (const button of [this.#undo, this.#close]) button.type = 'button';
    this.#box.append(this.#said, this.#left, this.#undo, this.#close);
    document.body.append(this.#box);
    this.#undo.addEventListener('click', () => void this.#run());
    this.#close.addEventListener('click', () => this.#hide());
    setInterval(() => this.#tick(), 500);
  }

  /** @param said what was done, as a sentence */
  show(said: string, { undo_token: token = '' }: Undoable): void {
    if (token === '') return;
    this.#token = token;
    this.#endsAt = performance.now() + WINDOW_S * 1000;
    this.#undo.hidden = false;
    this.#box.hidden = false;
    this.#said.textContent = said;
    this.#tick();
  }

  async #run(): Promise<void> {
    const token = this.#token;
    if (token === '') return;
    this.#token = '';
    this.#undo.hidden = true;
    this.#left.textContent = '';
    try {
      const { count, warning = '' } = await post<{ count: number; warning?: string }>('/api/v1/undo/run', {
        id: token,
      });
      this.#said.textContent = `Taken back: ${count.toLocaleString('en')}. ${warning}`;
    } catch (cause) {
      if (cause instanceof Refused && cause.isSessionLost) location.reload();
      this.#said.textContent = `It was not taken back: ${cause instanceof Error ? cause.message : String(cause)}`;
    }
    this.#endsAt = performance.now() + 6000;
    await this.#done();
  }

  #tick(): void {
    if (this.#box.hidden) return;
    const left = Math.ceil((this.#endsAt - performance.now()) / 1000);
    if (left <= 0) this.#hide();
    else if (this.#token !== '') this.#left.textContent = `${left} s`;
  }

  #hide(): void {
    this.#token = '';
    const hadFocus = this.#box.contains(document.activeElement);
    this.#box.hidden = true;
    if (hadFocus) document.querySelector<HTMLElement>('h2[tabindex]')?.focus({ preventScroll: true });
  }
}
