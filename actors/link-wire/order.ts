import { isDeepStrictEqual } from 'node:util';
import { type Id, isContentId } from '../../core/base/ids.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import type { Order, OrderBody } from '../../core/link/order.ts';
import { TENANT } from '../../core/link/topics.ts';
import type { bartizan } from '../../proto/index.ts';
import { v1 } from '../../proto/index.ts';
import { chosen, count, idBytes, inner, Malformed, moment, patternText } from './checks.ts';
import { decoder, type Unreadable } from './codec.ts';
import { command, commandMessage } from './command.ts';
import { desired, desiredMessage } from './desired.ts';
import { keySet, keySetMessage } from './key-set.ts';
import { lease, leaseMessage, serial } from './lease.ts';
import { listManifest, listManifestMessage } from './list.ts';
import { uuidBytes } from './said.ts';

type Wire = bartizan.v1.Order.$Properties;

const BODIES = ['desired', 'command', 'keys', 'list', 'lease'] as const;

const readMessage = decoder('Order', v1.Order, (message) => ({ message, order: readOrder(message) }));

/**
 * Reads what was signed. An order that says anything this version does not understand is refused: what is read, written again,
 * has to be the very same bytes, so that no field and no second command is passed over.
 */
export function decodeOrder(payload: Uint8Array): Result<Order, Unreadable> {
  const read = readMessage(payload);
  if (!read.ok) return read;
  const again = v1.Order.encode(read.value.message).finish();
  return Buffer.compare(again, payload) === 0
    ? ok(read.value.order)
    : fail('malformed', 'Order: says more than this version understands, or not in the canonical form');
}

function readOrder(message: Wire): Order {
  const body = readBody(message);
  const issuedAt = moment(message.issuedAt, 'issued_at', 1);
  const appliance = message.appliance ? serial(message.appliance, 'appliance') : 'everybody';
  if (appliance === 'everybody' && (body.kind === 'command' || body.kind === 'desired')) {
    throw new Malformed('appliance', `is missing, and ${body.kind} is not for everybody`);
  }
  const isCommand = body.kind === 'command';
  return {
    id: orderId(message.id),
    tenant: patternText(message.tenant, 'tenant', TENANT),
    appliance,
    generation: count(message.generation, 'generation', isCommand ? { most: 0 } : { least: 1 }),
    issuedAt,
    notAfter: moment(message.notAfter, 'not_after', issuedAt),
    ...body,
  };
}

function orderId(bytes: Uint8Array | null | undefined): Id {
  const id = idBytes(bytes, 'id');
  if (isContentId(id)) throw new Malformed('id', 'is no UUID of version 7');
  return id;
}

function readBody(message: Wire): OrderBody {
  const kind = chosen(message, BODIES, 'body');
  switch (kind) {
    case 'desired':
      return { kind, desired: inner(message.desired, kind, desired) };
    case 'command':
      return { kind, command: inner(message.command, kind, command) };
    case 'keys':
      return { kind, keys: inner(message.keys, kind, keySet) };
    case 'list':
      return { kind, list: inner(message.list, kind, listManifest) };
    case 'lease':
      return { kind, lease: inner(message.lease, kind, lease) };
  }
}

/** Without the defaults that a writer was given. */
const canonical = decoder('Order', v1.Order, (message) => v1.Order.encode(message).finish());

/** The bytes to be signed; refused where who reads them would refuse them or read anything else than what is meant. */
export function encodeOrder(order: Order): Result<Uint8Array, Unreadable> {
  const said = v1.Order.encode({
    id: uuidBytes(order.id),
    tenant: order.tenant,
    appliance: order.appliance === 'everybody' ? '' : order.appliance,
    generation: order.generation,
    issuedAt: order.issuedAt,
    notAfter: order.notAfter,
    ...bodyMessage(order),
  }).finish();
  const payload = canonical(said);
  if (!payload.ok) return payload;
  const read = decodeOrder(payload.value);
  if (!read.ok) return read;
  return isDeepStrictEqual(plain(read.value), plain(order))
    ? payload
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

/** An order is data: of whatever objects it is made, its JSON says all of it. */
const plain = (order: Order): unknown => JSON.parse(JSON.stringify(order));
