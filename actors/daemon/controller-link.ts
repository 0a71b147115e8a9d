import { release } from 'node:os';
import type { ApplianceFacts } from '../../core/api/appliance.ts';
import type { ControllerLinkDesk } from '../../core/api/controller-link.ts';
import type { Images } from '../../core/api/image.ts';
import type { Component } from '../../core/base/component.ts';
import type { Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { Pending } from '../../core/change/changes.ts';
import { linkSettingsOf } from '../../core/config/controller-setting.ts';
import { isHex } from '../../core/link/hex.ts';
import type { ReportedSlot } from '../../core/link/reported.ts';
import type { Topics } from '../appliance/index.ts';
import type { Bus } from '../bus/index.ts';
import { systemBootClock } from '../change/index.ts';
import { systemClock, systemRandom } from '../clock/index.ts';
import type * as LinkRoom from '../controller-link/index.ts';
import type { OpenConfig } from '../host-integration/config-file/index.ts';
import { hostAddresses } from '../identity/index.ts';
import { eventPages } from '../segments/index.ts';
import type { Service } from '../supervisor/index.ts';
import type { DataPlane } from './data-plane.ts';
import type { Foundation } from './foundation.ts';

export interface ControllerWiring {
  readonly opened: OpenConfig;
  readonly foundation: Foundation;
  readonly plane: DataPlane;
  readonly bus: Bus<Topics>;
  readonly log: Log;
  readonly version: string;
  readonly facts: () => Promise<ApplianceFacts>;
  readonly images: () => Pick<Images, 'status'>;
  readonly pending: () => Pending | undefined;
  /** What orders do here. */
  readonly desk: () => LinkRoom.OrdersDesk;
  /** Resolves when the program is to end and be started anew. */
  readonly restarting: Promise<void>;
}

/**
 * Stands where the link to a controller would be, and loads it when there is to be one: MQTT and its messages are of no use
 * to an appliance without a controller, and cost it nothing.
 */
export class ControllerDoor implements Service, ControllerLinkDesk {
  readonly id = 'controller-link';
  readonly #wiring: ControllerWiring;
  #room: typeof LinkRoom | undefined;
  #link: LinkRoom.ControllerLink | undefined;
  #isRunning = false;
  #isRestarting = false;

  constructor(wiring: ControllerWiring) {
    this.#wiring = wiring;
    const { bus, restarting } = wiring;
    void restarting.then(() => {
      this.#isRestarting = true;
    });
    bus.subscribe('finding', ({ finding }) => this.#link?.found(finding));
    bus.subscribe('decision', ({ decision }) => {
      if ('ip' in decision) this.#link?.decided(decision.ip);
      this.#link?.changed();
    });
    bus.subscribe('change', () => this.#link?.changed());
    bus.subscribe('list', () => this.#link?.changed());
  }

  #settings() {
    return linkSettingsOf(this.#wiring.opened.file.inEffect.controller);
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    if (this.#settings().isEnabled) await this.#loaded();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    const link = this.#link;
    this.#link = undefined;
    await link?.stop(this.#isRestarting ? 'restarting' : 'stopped');
  }

  /** The settings were changed. */
  async follow(): Promise<Result<void, 'failed'>> {
    try {
      if (this.#link !== undefined) await this.#link.follow();
      else if (this.#isRunning && this.#settings().isEnabled) await this.#loaded();
      return ok(undefined);
    } catch (thrown) {
      return fail('failed', `the link to the controller does not follow: ${messageOf(thrown)}`, thrown);
    }
  }

  async status(): ReturnType<ControllerLinkDesk['status']> {
    return (await this.#loaded()).status();
  }

  async enroll(token: string): ReturnType<ControllerLinkDesk['enroll']> {
    const link = await this.#loaded();
    const enrolled = await link.enroll(token);
    return enrolled.ok ? ok(link.status()) : enrolled;
  }

  async leave(): ReturnType<ControllerLinkDesk['leave']> {
    const left = await (await this.#loaded()).leave();
    // What a fleet decided for itself goes with it: nobody here could take it out.
    const { fleetLists } = this.#wiring.plane;
    for (const name of left.ok ? [...fleetLists.all().keys()] : []) await fleetLists.withdraw(name);
    return left;
  }

  component(): Component | undefined {
    return this.#link?.component();
  }

  async #loaded(): Promise<LinkRoom.ControllerLink> {
    this.#room ??= await import('../controller-link/index.ts');
    if (this.#link !== undefined) return this.#link;
    const link = this.#made(this.#room);
    this.#link = link;
    await link.start();
    return link;
  }

  #made(room: typeof LinkRoom): LinkRoom.ControllerLink {
    const { opened, foundation, plane, log, version } = this.#wiring;
    const { store, device, audit } = foundation;
    return room.controllerLink({
      settings: () => this.#settings(),
      stateDirectory: opened.stateDir,
      device,
      store: store.port,
      records: store.records,
      isRepaired: store.port.health().state === 'repaired',
      clock: systemClock,
      random: systemRandom,
      log,
      version,
      bootId: systemBootClock().bootId,
      sources: [
        room.findingSource({
          store: store.port,
          newest: () => plane.recorder.count,
          renumbered: renumberings(plane),
        }),
        room.auditSource({ store: store.port, newest: () => audit.head().serial }),
      ],
      incidents: incidentsOf(plane, room),
      events: eventPages(plane.segments),
      own: () => this.#own(),
      orders: (link) =>
        new room.Orders({
          link,
          desk: this.#wiring.desk(),
          records: store.records,
          clock: systemClock,
          random: systemRandom,
          log,
        }),
    });
  }

  async #own(): Promise<LinkRoom.OwnReport> {
    const { facts, images, pending, plane } = this.#wiring;
    const [here, image] = await Promise.all([facts(), images().status()]);
    const { mode, modeReason, firewall, components, claimed } = here;
    const trial = pending();
    return {
      facts: {
        hostname: here.hostname,
        version: here.version,
        imageVersion: image?.version ?? '',
        architecture: process.arch,
        kernel: release(),
        startedAt: here.startedAt,
        bootId: systemBootClock().bootId,
        configSha256: isHex(here.configHash, 32) ? here.configHash : undefined,
        addresses: hostAddresses().filter((address) => !/^(?:127\.|::1$)/.test(address)),
        claimed,
      },
      components: components
        .filter(({ state }) => state !== 'ok' && state !== 'off')
        .map(({ name, state, message = '', since }) => ({ name, state, message, since })),
      firewall: {
        mode,
        reason: modeReason ?? '',
        blocks: plane.ledger.size,
        networks: here.blockedNetworks,
        enforced: firewall.enforced?.ratio ?? 0,
      },
      change:
        trial === undefined
          ? undefined
          : { id: trial.change.id, summary: trial.change.summary, state: trial.change.state, until: trial.until },
      slots: (image?.slots ?? []).map(
        ({ name, version = '', state, isBooted }): ReportedSlot => ({ name, version, state, running: isBooted }),
      ),
    };
  }
}

/** Tells once of each numbering that began while the program runs. */
function renumberings({ epochs }: DataPlane): () => number | undefined {
  let known = epochs.list;
  return () => {
    const { list } = epochs;
    if (list === known) return undefined;
    const fresh = list.filter(({ name }) => !known.some((one) => one.name === name));
    known = list;
    return fresh.length === 0 ? undefined : Math.min(...fresh.map(({ after }) => after));
  };
}

function incidentsOf({ active, ledger }: DataPlane, room: typeof LinkRoom): LinkRoom.IncidentSource {
  return {
    standing: (key) => {
      const found = active.find(key);
      if (found === undefined) return undefined;
      const { group, isDismissed } = found;
      const { kind, value } = group.latest.subject;
      const isBlocked = kind === 'ip' && ledger.of(value) !== undefined;
      return room.wireIncident(group, { isDismissed, response: isBlocked ? 'blocked' : '' });
    },
    about: (subjects) => active.about(subjects),
  };
}
