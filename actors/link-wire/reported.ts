import type { Result } from '../../core/base/result.ts';
import type {
  ChangeOnTrial,
  DesiredState,
  Facts,
  FirewallState,
  ListState,
  Reported,
  ReportedComponent,
  ReportedSlot,
  RunId,
  StreamState,
} from '../../core/link/reported.ts';
import { STREAMS } from '../../core/link/stream.ts';
import type { bartizan } from '../../proto/index.ts';
import { v1 } from '../../proto/index.ts';
import { count, each, enumerated, hex, id, Malformed, moment, optionalHex, text, within, word } from './checks.ts';
import { decoder, type Unreadable } from './codec.ts';
import { changeMessage, desiredStateMessage, factsMessage, stateMessages } from './reported-said.ts';
import { saidCount, saidHex, saidMoment } from './said.ts';
import { STANDING } from './words.ts';

/** How much of each is told, in entries and characters. */
export const REPORTED_BOUNDS = {
  entries: 128,
  changedHere: 256,
  name: 256,
  sentence: 1024,
} as const;
const { entries, name, sentence } = REPORTED_BOUNDS;

export const decodeReported: (bytes: Uint8Array) => Result<Reported, Unreadable> = decoder(
  'Reported',
  v1.Reported,
  (message): Reported => ({
    at: moment(message.at, 'at'),
    run: hex(message.run, 'run', 16) as RunId,
    connection: count(message.connection, 'connection'),
    facts: within('facts', () => facts(message.facts ?? {})),
    components: each(message.components, 'components', entries, component),
    firewall: within('firewall', () => firewall(message.firewall ?? {})),
    change: message.change ? within('change', () => change(message.change ?? {})) : undefined,
    desired: within('desired', () => desired(message.desired ?? {})),
    slots: each(message.slots, 'slots', entries, slot),
    lists: each(message.lists, 'lists', entries, list),
    keysGeneration: count(message.keysGeneration, 'keys_generation'),
    streams: each(message.streams, 'streams', entries, stream),
    certificateUntil: moment(message.certificateUntil, 'certificate_until'),
  }),
);

const facts = (message: bartizan.v1.Facts.$Properties): Facts => ({
  hostname: text(message.hostname, 'hostname', name),
  version: text(message.version, 'version', name),
  imageVersion: text(message.imageVersion, 'image_version', name),
  architecture: text(message.architecture, 'architecture', name),
  kernel: text(message.kernel, 'kernel', name),
  startedAt: moment(message.startedAt, 'started_at'),
  bootId: text(message.bootId, 'boot_id', name),
  configSha256: optionalHex(message.configSha256, 'config_sha256', 32),
  addresses: each(message.addresses, 'addresses', entries, (address) => text(address, 'address', name)),
  claimed: message.claimed === true,
});

const component = (message: bartizan.v1.Component.$Properties): ReportedComponent => ({
  name: text(message.name, 'name', name),
  state: text(message.state, 'state', name),
  message: text(message.message, 'message', sentence),
  since: moment(message.since, 'since'),
});

const firewall = (message: bartizan.v1.FirewallState.$Properties): FirewallState => ({
  mode: text(message.mode, 'mode', name),
  reason: text(message.reason, 'reason', sentence),
  blocks: count(message.blocks, 'blocks'),
  networks: count(message.networks, 'networks'),
  enforced: share(message.enforced ?? 0),
});

function share(value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw new Malformed('enforced', `is ${value}, not a share from 0 to 1`);
}

const change = (message: bartizan.v1.ChangeOnTrial.$Properties): ChangeOnTrial => ({
  id: id(message.id, 'id'),
  summary: text(message.summary, 'summary', sentence),
  state: text(message.state, 'state', name),
  until: moment(message.until, 'until'),
  nonce: optionalHex(message.nonce, 'nonce', 16),
  order: optionalHex(message.order, 'order', 32),
});

const desired = (message: bartizan.v1.DesiredState.$Properties): DesiredState => ({
  generation: count(message.generation, 'generation'),
  order: optionalHex(message.order, 'order', 32),
  standing: enumerated(message.standing, 'standing', STANDING.words),
  text: text(message.text, 'text', sentence),
  confirmedGeneration: count(message.confirmedGeneration, 'confirmed_generation'),
  confirmedOrder: optionalHex(message.confirmedOrder, 'confirmed_order', 32),
  changedHere: each(message.changedHere, 'changed_here', REPORTED_BOUNDS.changedHere, (path) =>
    text(path, 'path', name),
  ),
});

const slot = (message: bartizan.v1.Slot.$Properties): ReportedSlot => ({
  name: text(message.name, 'name', name),
  version: text(message.version, 'version', name),
  state: text(message.state, 'state', name),
  running: message.running === true,
});

const list = (message: bartizan.v1.ListState.$Properties): ListState => ({
  name: text(message.name, 'name', name),
  generation: count(message.generation, 'generation'),
  entries: count(message.entries, 'entries'),
  trouble: text(message.trouble, 'trouble', sentence),
});

const stream = (message: bartizan.v1.StreamState.$Properties): StreamState => ({
  stream: word(message.stream, 'stream', STREAMS),
  epoch: text(message.epoch, 'epoch', 64),
  newest: count(message.newest, 'newest'),
  sent: count(message.sent, 'sent'),
  waitingBytes: count(message.waitingBytes, 'waiting_bytes'),
});

/** Always what `decodeReported` takes: whatever is beyond the bounds is cut. */
export const encodeReported = (reported: Reported): Uint8Array =>
  v1.Reported.encode({
    at: saidMoment(reported.at),
    run: saidHex(reported.run),
    connection: saidCount(reported.connection),
    facts: factsMessage(reported.facts, REPORTED_BOUNDS),
    ...(reported.change === undefined ? {} : { change: changeMessage(reported.change, REPORTED_BOUNDS) }),
    desired: desiredStateMessage(reported.desired, REPORTED_BOUNDS),
    ...stateMessages(reported, REPORTED_BOUNDS),
    keysGeneration: saidCount(reported.keysGeneration),
    certificateUntil: saidMoment(reported.certificateUntil),
  }).finish();
