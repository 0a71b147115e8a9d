import type { Component } from '../../core/base/component.ts';
import { sha256Hex } from '../../core/base/ids.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import type { HostSettings } from '../../core/config/settings.ts';
import { renderHost } from '../../core/host/render.ts';
import type { SnapshotFile } from '../change/index.ts';
import type { Service } from '../supervisor/index.ts';
import type { HostFile, HostRequests } from './port.ts';

export interface ApplianceHostParts {
  readonly file: HostFile;
  readonly requests: HostRequests;
  /** What the machine is to go by at a start. */
  readonly settings: () => HostSettings;
  readonly clock: Clock;
  readonly log: Log;
}

/** What could not be applied at a start is tried again after so long. */
const AGAIN: Millis = seconds(30);

/**
 * The machine that an appliance is: keeps what the settings say of it in a file, and has root apply that. A call that finds
 * file and machine as they should be changes nothing.
 */
export class ApplianceHost implements Service {
  readonly id = 'host';
  readonly #parts: ApplianceHostParts;
  readonly #turns = new Turns();
  readonly #since: Millis;
  #trouble: { readonly message: string; readonly since: Millis } | undefined;
  #isRunning = false;
  #cancel: () => void = () => {};

  constructor(parts: ApplianceHostParts) {
    this.#parts = parts;
    this.#since = parts.clock.now();
  }

  /** Waits for nothing: a machine that does not obey is no reason not to guard it. */
  async start(): Promise<void> {
    this.#isRunning = true;
    void this.#catchUp();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel();
  }

  /** Another version may say the same settings in another way, and somebody may have edited them while nothing ran. */
  async #catchUp(): Promise<void> {
    const { settings, clock, log } = this.#parts;
    const done = await this.follow(settings());
    if (done.ok || !this.#isRunning) return;
    log('warn', 'the settings of the machine could not be applied', { error: done.public });
    this.#cancel = clock.after(AGAIN, () => void this.#catchUp());
  }

  component(): Component {
    const { message, since } = this.#trouble ?? { since: this.#since };
    const state = message === undefined ? 'ok' : 'degraded';
    return { name: this.id, state, since, counters: {}, ...(message === undefined ? {} : { message }) };
  }

  /** The file as it is; one that was never written, as it would be. */
  snapshot(host: HostSettings): Promise<Result<SnapshotFile, 'failed'>> {
    return this.#inTurn(async () => {
      const { file } = this.#parts;
      const content = (await file.read()) ?? bytesOf(host);
      return ok({ path: file.path, content, ...file.attributes });
    });
  }

  /** Makes file and machine go by these settings. */
  follow(host: HostSettings): Promise<Result<void, 'failed'>> {
    return this.#told(() => this.#put(bytesOf(host)));
  }

  putBack({ content }: SnapshotFile): Promise<Result<void, 'failed'>> {
    return this.#told(async () => (content === undefined ? fail('failed', NOTHING_KEPT) : this.#put(content)));
  }

  /** Whether file and machine go by this, read back. */
  goesBy(wanted: HostSettings | SnapshotFile): Promise<Result<boolean, 'failed'>> {
    return this.#inTurn(async () => {
      const bytes = 'path' in wanted ? wanted.content : bytesOf(wanted);
      return bytes === undefined ? fail('failed', NOTHING_KEPT) : ok(await this.#holds(bytes));
    });
  }

  async #put(bytes: Uint8Array): Promise<Result<void, 'failed'>> {
    const { file, requests } = this.#parts;
    if (await this.#holds(bytes)) return ok(undefined);
    await file.write(bytes);
    // Without settings of its own a machine goes by this text from its first boot on.
    if (await this.#holds(bytes)) return ok(undefined);
    const applied = await requests.ask('apply-network');
    if (!applied.ok) return fail('failed', `the machine: ${applied.public}`, applied.cause);
    // Root answers for the text that it found; the hash says that this was it.
    return (await this.#holds(bytes)) ? ok(undefined) : fail('failed', 'the machine: another text was applied');
  }

  async #holds(bytes: Uint8Array): Promise<boolean> {
    const { file } = this.#parts;
    const there = await file.read();
    if (there === undefined || Buffer.compare(there, bytes) !== 0) return false;
    return (await file.applied()) === sha256Hex(bytes);
  }

  #inTurn<V>(work: () => Promise<Result<V, 'failed'>>): Promise<Result<V, 'failed'>> {
    return this.#turns.run(() =>
      work().catch((thrown: unknown) => fail('failed', `the settings of the machine: ${messageOf(thrown)}`, thrown)),
    );
  }

  /** What came of it is what the component says until the next one. */
  async #told(work: () => Promise<Result<void, 'failed'>>): Promise<Result<void, 'failed'>> {
    const done = await this.#inTurn(work);
    if (done.ok) this.#trouble = undefined;
    else this.#trouble = { message: done.public, since: this.#trouble?.since ?? this.#parts.clock.now() };
    return done;
  }
}

const NOTHING_KEPT = 'the snapshot holds nothing of the machine';

const bytesOf = (host: HostSettings): Uint8Array => new TextEncoder().encode(renderHost(host));
