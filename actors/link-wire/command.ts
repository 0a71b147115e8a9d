import { LONGEST, type Millis, seconds } from '../../core/base/time.ts';
import { type Command, type CommandOf, canonicalTarget } from '../../core/link/order.ts';
import { MOST_REPLAYED } from '../../core/link/positions.ts';
import { STREAMS } from '../../core/link/stream.ts';
import type { bartizan } from '../../proto/index.ts';
import { chosen, count, filledText, hex, id, inner, Malformed, text, word } from './checks.ts';
import { saidHex } from './said.ts';

type Wire = bartizan.v1.Command.$Properties;
type Member = Exclude<keyof Wire, '$unknowns' | 'what'>;

/** Each command once: its name on the wire, and how it is read. */
const READERS: { readonly [M in Member]-?: (message: NonNullable<Wire[M]>) => Command } = {
  block: (message) => ({ kind: 'block', ...listed(message) }),
  unblock: (message) => ({ kind: 'unblock', target: target(message.target) }),
  allow: (message) => ({ kind: 'allow', ...listed(message) }),
  removeAllow: (message) => ({ kind: 'remove_allow', target: target(message.target) }),
  scan: (message) => ({ kind: 'scan', what: text(message.what, 'what', 64) }),
  restart: (message) => ({ kind: 'restart', reason: reason(message.reason) }),
  replay: (message) => replay(message),
  confirm: (message) => ({
    kind: 'confirm',
    change: id(message.change, 'change'),
    nonce: hex(message.nonce, 'nonce', 16),
  }),
  revert: (message) => ({
    kind: 'revert',
    change: id(message.change, 'change'),
    reason: reason(message.reason),
  }),
  diagnostics: (message) => ({
    kind: 'diagnostics',
    log: seconds(count(message.logSeconds, 'log_seconds', { most: 86_400 })),
  }),
};
const MEMBERS = Object.keys(READERS) as readonly Member[];

export function command(message: Wire): Command {
  const name = chosen(message, MEMBERS, 'what');
  return inner<unknown, Command>(message[name], name, READERS[name] as (message: unknown) => Command);
}

function target(given: string | null | undefined): string {
  const canonical = canonicalTarget(text(given, 'target', 64));
  if (!canonical.ok) throw new Malformed('target', canonical.public);
  if (canonical.value !== given) throw new Malformed('target', `is to be written as ${canonical.value}`);
  return canonical.value;
}

const reason = (given: string | null | undefined): string => text(given, 'reason', 256);

function listed(message: bartizan.v1.Block.$Properties): Omit<CommandOf<'block'>, 'kind'> {
  const length = count(message.seconds, 'seconds', { most: LONGEST / 1000 });
  return {
    target: target(message.target),
    reason: reason(message.reason),
    lasts: length === 0 ? 'forever' : seconds(length),
  };
}

function replay(message: bartizan.v1.Replay.$Properties): CommandOf<'replay'> {
  const from = count(message.from, 'from', { least: 1 });
  return {
    kind: 'replay',
    stream: word(message.stream, 'stream', STREAMS),
    epoch: filledText(message.epoch, 'epoch', 64),
    from,
    to: count(message.to, 'to', { least: from, most: Math.min(from + MOST_REPLAYED, Number.MAX_SAFE_INTEGER) }),
  };
}

export function commandMessage(given: Command): Wire {
  switch (given.kind) {
    case 'block':
      return { block: listedMessage(given) };
    case 'unblock':
      return { unblock: { target: given.target } };
    case 'allow':
      return { allow: listedMessage(given) };
    case 'remove_allow':
      return { removeAllow: { target: given.target } };
    case 'scan':
      return { scan: { what: given.what } };
    case 'restart':
      return { restart: { reason: given.reason } };
    case 'replay':
      return { replay: { stream: given.stream, epoch: given.epoch, from: given.from, to: given.to } };
    case 'confirm':
      return { confirm: { change: given.change, nonce: saidHex(given.nonce) } };
    case 'revert':
      return { revert: { change: given.change, reason: given.reason } };
    case 'diagnostics':
      return { diagnostics: { logSeconds: given.log / 1000 } };
  }
}

const listedMessage = (given: CommandOf<'block' | 'allow'>): bartizan.v1.Block.$Properties => ({
  target: given.target,
  reason: given.reason,
  seconds: given.lasts === 'forever' ? (0 as Millis) : given.lasts / 1000,
});
