import { createActor } from 'xstate';
import type { Clock } from '../../../core/base/ports.ts';
import { messageOf, type Result } from '../../../core/base/result.ts';
import type { Provenance } from '../../../core/event/event.ts';
import { machineClock } from '../../clock/index.ts';
import { type Report, Status } from '../files/index.ts';
import { listenerMachine } from './machine.ts';
import type { OpenCode } from './network.ts';
import type { Endpoint, SyslogListener } from './port.ts';

/** What stands open while a listener listens. */
export interface Door {
  readonly at: Endpoint;
  /** Now and then: whatever only time tells. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/** @param lost the door closed by itself, and why */
export type OpenDoor = (lost: (cause: string) => void) => Promise<Result<Door, OpenCode>>;

export interface ListenerParts {
  readonly clock: Clock;
  readonly open: OpenDoor;
  readonly status: Status<string>;
  readonly crash: (cause: unknown) => void;
}

/** `syslog:udp:192.0.2.1:514`, `syslog:tls:[::]:6514`. */
export const componentName = ({ transport, at }: SyslogListener): string => `syslog:${transport}:${endpointText(at)}`;

export const endpointText = ({ address, port }: Endpoint): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

export const makeStatus = <Counter extends string>(
  listener: SyslogListener,
  counters: Record<Counter, number>,
  clock: Clock,
  report: Report,
): Status<Counter> => {
  const status = new Status(componentName(listener), counters, clock, report);
  const { provenance, detail } = trustOf(listener);
  status.rate(provenance);
  status.explain(detail);
  return status;
};

function trustOf({ tls }: SyslogListener): { readonly provenance: Provenance; readonly detail: string } {
  if (tls?.clientCaFile === undefined)
    return { provenance: 'spoofable', detail: "anybody can send in anybody's name: its lines get nobody blocked" };
  const others = tls.clients === 'required' ? '' : '; lines of others count as spoofable';
  return { provenance: 'authenticated', detail: `senders prove who they are by certificate${others}` };
}

/** What makes a listener worse without stopping it: several things may at once. */
export class Cautions {
  readonly #status: Status<string>;
  readonly #texts = new Map<string, string>();

  constructor(status: Status<string>) {
    this.#status = status;
  }

  /** @param about what it is about; `''` as text when that is over */
  say(about: string, text: string): void {
    if ((this.#texts.get(about) ?? '') === text) return;
    this.#texts.set(about, text);
    this.#status.hinder([...this.#texts.values()].filter((one) => one !== '').join('; '));
    this.#status.flush();
  }
}

/** Keeps one configured listener open: gives `listenerMachine` its effects. */
export class Listener {
  readonly #parts: ListenerParts;
  readonly #actor;
  #door: Door | undefined;
  /** What was opened last is closed before the next is. */
  #closing: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
    const input = { open: () => this.#run(this.#open()), release: () => this.#release() };
    this.#actor = createActor(listenerMachine, { clock: machineClock(parts.clock), input });
    this.#actor.subscribe({ error: parts.crash });
  }

  /** Where it listens now. */
  get at(): Endpoint | undefined {
    return this.#door?.at;
  }

  /** Resolves when the first attempt has come to its end, either way. */
  async start(): Promise<void> {
    this.#parts.status.flush();
    const { promise, resolve } = Promise.withResolvers<void>();
    const watch = this.#actor.subscribe({
      next: ({ value }) => {
        if (value !== 'opening') resolve();
      },
      error: () => resolve(),
    });
    this.#actor.start();
    await promise;
    watch.unsubscribe();
  }

  async sweep(): Promise<void> {
    await this.#door?.sweep();
    if (!this.#isStopped) this.#parts.status.flush();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#actor.stop();
    this.#release();
    await this.#closing;
  }

  #run(effect: Promise<void>): void {
    effect.catch(this.#parts.crash);
  }

  async #open(): Promise<void> {
    const { open, status } = this.#parts;
    this.#release();
    await this.#closing;
    if (this.#isStopped) return;
    const opened = await open((cause) => this.#fail(cause));
    if (this.#isStopped) {
      if (opened.ok) await opened.value.close();
      return;
    }
    if (!opened.ok) return this.#fail(opened.public);
    this.#door = opened.value;
    status.say('ok');
    this.#actor.send({ type: 'opened' });
  }

  #fail(why: string): void {
    if (this.#isStopped) return;
    this.#parts.status.say('failed', why);
    this.#actor.send({ type: 'failed' });
  }

  #release(): void {
    const door = this.#door;
    this.#door = undefined;
    if (door === undefined) return;
    this.#closing = door.close().catch((cause: unknown) => {
      this.#parts.status.say('failed', `could not be closed: ${messageOf(cause)}`);
    });
  }
}
