import type { Lease, StreamPosition } from '../../core/link/lease.ts';
import { STREAMS } from '../../core/link/stream.ts';
import { isSerialForm } from '../../core/link/topics.ts';
import type { bartizan } from '../../proto/index.ts';
import { count, distinct, each, filledText, Malformed, moment, patternText, text, word } from './checks.ts';

const CONTROLLER = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const MOST_POSITIONS = 8192;

export function lease(message: bartizan.v1.Lease.$Properties): Lease {
  const until = moment(message.until, 'until');
  const positions = each(message.positions, 'positions', MOST_POSITIONS, readPosition);
  return {
    shard: count(message.shard, 'shard', { most: 63 }),
    holder: patternText(message.holder, 'holder', CONTROLLER),
    until: until === 0 ? 'given_back' : until,
    positions: distinct(positions, 'positions', ({ appliance, stream, epoch }) => `${appliance} ${stream} ${epoch}`),
  };
}

const readPosition = (message: bartizan.v1.StreamPosition.$Properties): StreamPosition => ({
  appliance: serial(message.appliance, 'appliance'),
  stream: word(message.stream, 'stream', STREAMS),
  epoch: filledText(message.epoch, 'epoch', 64),
  sequence: count(message.sequence, 'sequence'),
});

/** A serial in the form in which it is printed. */
export function serial(value: string | null | undefined, place: string): string {
  const given = text(value, place, 32);
  if (!isSerialForm(given)) throw new Malformed(place, 'is no serial');
  return given;
}

export const leaseMessage = ({ shard, holder, until, positions }: Lease): bartizan.v1.Lease.$Properties => ({
  shard,
  holder,
  until: until === 'given_back' ? 0 : until,
  positions: positions.map((position) => ({ ...position })),
});
