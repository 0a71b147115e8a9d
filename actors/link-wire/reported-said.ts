import type { ChangeOnTrial, DesiredState, Facts, Reported } from '../../core/link/reported.ts';
import type { bartizan } from '../../proto/index.ts';
import { saidCount, saidHex, saidMoment, saidText } from './said.ts';
import { STANDING } from './words.ts';

interface Bounds {
  readonly entries: number;
  readonly changedHere: number;
  readonly name: number;
  readonly sentence: number;
}

export const factsMessage = (facts: Facts, { name, entries }: Bounds): bartizan.v1.Facts.$Properties => ({
  hostname: saidText(facts.hostname, name),
  version: saidText(facts.version, name),
  imageVersion: saidText(facts.imageVersion, name),
  architecture: saidText(facts.architecture, name),
  kernel: saidText(facts.kernel, name),
  startedAt: saidMoment(facts.startedAt),
  bootId: saidText(facts.bootId, name),
  configSha256: saidHex(facts.configSha256),
  addresses: facts.addresses.slice(0, entries).map((address) => saidText(address, name)),
  claimed: facts.claimed,
});

export const changeMessage = (
  change: ChangeOnTrial,
  { name, sentence }: Bounds,
): bartizan.v1.ChangeOnTrial.$Properties => ({
  id: change.id,
  summary: saidText(change.summary, sentence),
  state: saidText(change.state, name),
  until: saidMoment(change.until),
  nonce: saidHex(change.nonce),
  order: saidHex(change.order),
});

export const desiredStateMessage = (
  desired: DesiredState,
  { name, sentence, changedHere }: Bounds,
): bartizan.v1.DesiredState.$Properties => ({
  generation: saidCount(desired.generation),
  order: saidHex(desired.order),
  standing: STANDING.numbers[desired.standing],
  text: saidText(desired.text, sentence),
  confirmedGeneration: saidCount(desired.confirmedGeneration),
  confirmedOrder: saidHex(desired.confirmedOrder),
  changedHere: desired.changedHere.slice(0, changedHere).map((path) => saidText(path, name)),
});

/** Components, firewall, slots, lists and streams. */
export const stateMessages = (
  { components, firewall, slots, lists, streams }: Reported,
  { entries, name, sentence }: Bounds,
): bartizan.v1.Reported.$Properties => ({
  components: components.slice(0, entries).map((component) => ({
    name: saidText(component.name, name),
    state: saidText(component.state, name),
    message: saidText(component.message, sentence),
    since: saidMoment(component.since),
  })),
  firewall: {
    mode: saidText(firewall.mode, name),
    reason: saidText(firewall.reason, sentence),
    blocks: saidCount(firewall.blocks),
    networks: saidCount(firewall.networks),
    enforced: Number.isNaN(firewall.enforced) ? 0 : Math.min(1, Math.max(0, firewall.enforced)),
  },
  slots: slots.slice(0, entries).map((slot) => ({
    name: saidText(slot.name, name),
    version: saidText(slot.version, name),
    state: saidText(slot.state, name),
    running: slot.running,
  })),
  lists: lists.slice(0, entries).map((list) => ({
    name: saidText(list.name, name),
    generation: saidCount(list.generation),
    entries: saidCount(list.entries),
    trouble: saidText(list.trouble, sentence),
  })),
  streams: streams.slice(0, entries).map((stream) => ({
    stream: stream.stream,
    epoch: saidText(stream.epoch, 64),
    newest: saidCount(stream.newest),
    sent: saidCount(stream.sent),
    waitingBytes: saidCount(stream.waitingBytes),
  })),
});
