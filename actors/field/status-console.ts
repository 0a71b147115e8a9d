import type { Component } from '../../core/base/component.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import { type StatusPageFacts, statusPage } from '../../core/field/status-page.ts';
import type { Service } from '../supervisor/index.ts';
import type { PagePort } from './port.ts';

/** How often the page is looked at; a reader takes one that is much older for a daemon that hangs. */
export const PACE = seconds(5);

/** The page in UTF-8, in ASCII, and the QR code in ASCII; the console's script reads them. */
export const PAGE_FILES = ['status-page', 'status-page.ascii', 'claim-qr.ascii'] as const;
type PageFile = (typeof PAGE_FILES)[number];

export interface StatusConsoleDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly files: PagePort;
  /** Absolute; without one there is nobody to read the page. */
  readonly folder?: string;
  readonly facts: () => StatusPageFacts;
}

/** The claim code stands in them: for the daemon's own group. */
const PAGE_MODE = 0o640;
const SERIAL_MODE = 0o644;

/** Keeps what the status console shows up to date, in files: no JavaScript engine stays for a console. */
export class StatusConsole implements Service {
  readonly id = 'status-page';
  readonly #deps: StatusConsoleDeps;
  readonly #written = new Map<PageFile, string>();
  #serial = '';
  #cancel: (() => void) | undefined;
  #round: Promise<void> = Promise.resolve();
  #trouble: string | undefined;
  #since: Millis;

  constructor(deps: StatusConsoleDeps) {
    this.#deps = deps;
    this.#since = deps.clock.now();
  }

  async start(): Promise<void> {
    if (this.#deps.folder === undefined) return;
    this.#round = this.#draw();
    await this.#round;
    this.#next();
  }

  /** Takes the pages away: what they say is true of a running daemon only. */
  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#round;
    this.#written.clear();
    const { files, folder } = this.#deps;
    if (folder === undefined) return;
    await Promise.all(PAGE_FILES.map((name) => files.remove(`${folder}/${name}`).catch(() => undefined)));
  }

  /** Undefined while there is nothing to say. */
  component(): Component | undefined {
    const message = this.#trouble;
    return message === undefined
      ? undefined
      : { name: this.id, state: 'degraded', message, since: this.#since, counters: {} };
  }

  #next(): void {
    this.#cancel = this.#deps.clock.after(PACE, () => {
      this.#round = this.#draw().then(() => {
        if (this.#cancel !== undefined) this.#next();
      });
    });
  }

  async #draw(): Promise<void> {
    try {
      const facts = this.#deps.facts();
      const { utf8, ascii, asciiQr } = statusPage(facts);
      await this.#keep('status-page', utf8);
      await this.#keep('status-page.ascii', ascii);
      await this.#keep('claim-qr.ascii', asciiQr);
      await this.#keepSerial(facts.serial);
      this.#tell(undefined);
    } catch (thrown) {
      this.#tell(`the console shows an old page: ${messageOf(thrown)}`);
    }
  }

  async #keep(name: PageFile, text: string): Promise<void> {
    const { files, folder } = this.#deps;
    const path = `${folder}/${name}`;
    const isSame = this.#written.get(name) === text;
    if (text === '') {
      if (!isSame) await files.remove(path);
    } else if (
      !isSame ||
      !(await files.touch(path).then(
        () => true,
        () => false,
      ))
    ) {
      await files.put(path, text, PAGE_MODE);
    }
    this.#written.set(name, text);
  }

  /** Stays when the daemon stops: the console asks for it before a factory reset. */
  async #keepSerial(serial = ''): Promise<void> {
    if (serial === this.#serial) return;
    await this.#deps.files.put(`${this.#deps.folder}/serial`, `${serial}\n`, SERIAL_MODE);
    this.#serial = serial;
  }

  #tell(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#since = this.#deps.clock.now();
    if (trouble !== undefined) this.#deps.log('warn', 'status page cannot be written', { trouble });
  }
}
