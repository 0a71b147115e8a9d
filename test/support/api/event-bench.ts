import assert from 'node:assert/strict';
import { Bus } from '../../../actors/bus/index.ts';
import {
  ActiveFindings,
  FindingEpochs,
  FindingRecorder,
  FindingRollups,
  findingRecords,
} from '../../../actors/incidents/index.ts';
import { createRecords, MemoryStore } from '../../../actors/store/index.ts';
import type { FindingId } from '../../../core/base/ids.ts';
import type { Clock, Random } from '../../../core/base/ports.ts';
import { millis } from '../../../core/base/time.ts';
import type { Finding } from '../../../core/detect/finding.ts';
import type { Suppressing } from '../../../core/incident/suppression.ts';
import { findings } from '../../../core/keys/records.ts';
import { settled } from '../settled.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { someFinding } from '../some-finding.ts';
import { FakeAppliance } from './fake-appliance.ts';
import { FakeDesks } from './fake-desks.ts';
import { ApiHarness, bearer } from './harness.ts';
import { eventsIn, type ReadEvent, StreamClient } from './stream-client.ts';

type Topics = { readonly finding: { readonly finding: Finding; readonly serial: number } };

/** Every time other bytes. */
function countingRandom(): Random {
  let count = 0;
  return {
    bytes(length) {
      count++;
      return Uint8Array.from({ length }, (_, i) => count >> (8 * i));
    },
  };
}

/** An appliance whose findings are recorded, kept and told by the real parts. */
class RecordingAppliance extends FakeAppliance {
  readonly store = new MemoryStore();
  readonly records = createRecords(this.store);
  readonly bus = new Bus<Topics>((_, thrown) => {
    throw thrown;
  });
  readonly recorder: FindingRecorder;
  readonly numbering = new FindingEpochs({
    records: this.records,
    random: countingRandom(),
    log: () => {},
    isRepaired: false,
  });
  /** When set, the store cannot be read. */
  unreadable = false;
  suppressing: Suppressing = () => undefined;
  #open = 0;

  constructor() {
    super();
    this.recorder = new FindingRecorder({
      records: findingRecords(this.records, new FindingRollups(new SimulatedClock())),
      active: new ActiveFindings(),
      recent: () => ({ since: millis(0), count: 0 }),
      log: () => {},
      suppressing: (finding) => this.suppressing(finding),
      publish: (finding, serial) => this.bus.publish('finding', { finding, serial }),
      renumbered: (after) => void this.numbering.begin(after),
      respond: async () => {},
    });
  }

  override onFinding(listener: (finding: Finding, serial: number) => void) {
    this.#open++;
    const leave = this.bus.subscribe('finding', ({ finding, serial }) => listener(finding, serial));
    return () => {
      this.#open--;
      leave();
    };
  }
  override get listeners() {
    return this.#open;
  }
  override lastSerial() {
    return this.recorder.count;
  }
  override epochs() {
    return this.numbering.list;
  }
  override findingsAfter(serial: number, limit: number) {
    return this.unreadable ? Promise.reject(new Error('no disk')) : this.recorder.after(serial, limit);
  }
}

/** Findings made one by one, numbered from 1 by the real journal, and clients of the real dispatch. */
export class EventBench {
  readonly appliance = new RecordingAppliance();
  readonly api: ApiHarness;
  readonly #idOf = new Map<FindingId, number>();
  #made = 0;
  #connected = 0;

  /** @param clock simulated unless given; that one is `api.clock` */
  constructor(clock?: Clock) {
    this.api = new ApiHarness(clock === undefined ? {} : { clock }, new FakeDesks(this.appliance));
  }

  /** Findings made so far; their numbers are their serials until some are lost. */
  get made(): number {
    return this.#made;
  }

  /** Records so many new findings, in one batch. */
  async make(count: number): Promise<void> {
    await this.appliance.recorder.record(Array.from({ length: count }, () => this.#next()));
    await this.appliance.recorder.flushed();
  }

  /** Retention: everything up to this serial goes. */
  async forget(upTo: number): Promise<void> {
    for (let serial = 1; serial <= upTo; serial++)
      await this.appliance.records.write((writes) => writes.delete(findings, [serial]));
  }

  /** A power cut, or a damaged disk: findings from this serial on are gone, and their serials are given again. */
  async lose(from: number): Promise<void> {
    const { store } = this.appliance;
    for (let serial = from; serial <= this.appliance.recorder.count; serial++)
      await this.appliance.records.write((writes) => writes.delete(findings, [serial]));
    await store.commit([{ put: findings.serialKey, value: from - 1 }]);
  }

  /** What a start does with what is stored. */
  async restart(): Promise<void> {
    await this.appliance.recorder.load();
    await this.appliance.numbering.load(this.appliance.recorder.count);
  }

  /** Each from an address of its own, so that no rate limit is met. */
  async connect(seen?: string | number, client = new StreamClient()): Promise<StreamClient> {
    const headers = { ...bearer('read-token'), ...(seen === undefined ? {} : { 'last-event-id': String(seen) }) };
    const peer = `2001:db8:0:${(++this.#connected).toString(16)}::1`;
    const { status, stream } = await this.api.ask({ target: '/api/v1/events', headers, peer, signal: client.signal });
    assert.equal(status, 200);
    stream?.start(client);
    return client;
  }

  /** Lets rounds and reads of the store come to rest. */
  async rest(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await settled();
      this.api.clock.advance(10);
    }
    await settled();
  }

  /** Which finding a frame is about, counted from 1 in order of making. */
  numberOf({ data }: ReadEvent): number | undefined {
    return this.#idOf.get((data as { id: FindingId }).id);
  }

  #next(): Finding {
    const finding = someFinding(++this.#made);
    this.#idOf.set(finding.id, this.#made);
    return finding;
  }

  /** A client's story in short: numbers of findings, and gaps as `from-to reason`. */
  story(client: StreamClient): readonly (number | string)[] {
    return eventsIn(client.received).map((read) => {
      if (read.event === 'message') return this.numberOf(read) ?? 'unknown';
      const { from, to, reason } = read.data as { from: number; to: number; reason: string };
      return `${from}-${to} ${reason}`;
    });
  }
}
