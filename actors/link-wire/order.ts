import { isDeepStrictEqual } from 'node:util';
import { fail, ok, type Result } from '../../core/base/result.ts';
import type { Order, OrderBody } from '../../core/link/order.ts';
import type { bartizan } from '../../proto/index.ts';
import { v1 } from '../../proto/index.ts';
import { count, idBytes, Malformed, moment, only, patternText, present, whole, within } from './checks.ts';
import { decoder, type Unreadable } from './codec.ts';
import { command, commandMessage } from './command.ts';
import { desired, desiredMessage } from './desired.ts';
import { keySet, keySetMessage } from './key-set.ts';
import { lease, leaseMessage, serial } from './lease.ts';
import { listManifest, listManifestMessage } from './list.ts';
import { uuidBytes } from './said.ts';

type Wire = bartizan.v1.Order.$Properties;

export const TENANT = /^[a-z0-9-]{1,32}$/;
const BODIES = ['desired', 'command', 'keys', 'list', 'lease'] as const;

/**
 * Reads what was signed. An order says nothing that this version does not understand, or it is refused: neither a field nor a
 * value is passed over.
 */
export const decodeOrder: (payload: Uint8Array) => Result<Order, Unreadable> = decoder('Order', v1.Order, readOrder);

function readOrder(message: Wire): Order {
  const body = readBody(whole(message));
  const issuedAt = moment(message.issuedAt, 'issued_at', 1);
  const appliance = message.appliance ? serial(message.appliance, 'appliance') : 'everybody';
  if (appliance === 'everybody' && (body.kind === 'command' || body.kind === 'desired')) {
    throw new Malformed('appliance', `is missing, and ${body.kind} is not for everybody`);
  }
  const isCommand = body.kind === 'command';
  return {
    id: idBytes(message.id, 'id'),
    tenant: patternText(message.tenant, 'tenant', TENANT),
    appliance,
    generation: count(message.generation, 'generation', isCommand ? { most: 0 } : { least: 1 }),
    issuedAt,
    notAfter: moment(message.notAfter, 'not_after', issuedAt),
    ...body,
  };
}

function readBody(message: Wire): OrderBody {
  const kind = only(message, BODIES, 'body');
  return within(kind, () => {
    switch (kind) {
      case 'desired':
        return { kind, desired: desired(present(message.desired, kind)) };
      case 'command':
        return { kind, command: command(present(message.command, kind)) };
      case 'keys':
        return { kind, keys: keySet(present(message.keys, kind)) };
      case 'list':
        return { kind, list: listManifest(present(message.list, kind)) };
      case 'lease':
        return { kind, lease: lease(present(message.lease, kind)) };
    }
  });
}

/** The bytes to be signed; refused where who reads them would refuse them or read anything else than what is meant. */
export function encodeOrder(order: Order): Result<Uint8Array, Unreadable> {
  const payload = v1.Order.encode({
    id: uuidBytes(order.id),
    tenant: order.tenant,
    appliance: order.appliance === 'everybody' ? '' : order.appliance,
    generation: order.generation,
    issuedAt: order.issuedAt,
    notAfter: order.notAfter,
    ...bodyMessage(order),
  }).finish();
  const read = decodeOrder(payload);
  if (!read.ok) return read;
  return isDeepStrictEqual(read.value, order)
    ? ok(payload)
    : fail('malformed', 'Order: says something that no message can say, e.g. a fraction of a second');
}

function bodyMessage(order: Order): Wire {
  switch (order.kind) {
    case 'desired':
      return { desired: desiredMessage(order.desired) };
    case 'command':
      return { command: commandMessage(order.command) };
    case 'keys':
      return { keys: keySetMessage(order.keys) };
    case 'list':
      return { list: listManifestMessage(order.list) };
    case 'lease':
      return { lease: leaseMessage(order.lease) };
  }
}
