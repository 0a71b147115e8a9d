import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { CROCKFORD } from '../base/crockford.ts';
import { type Id, isId } from '../base/ids.ts';
import { type Hex, isHex } from './hex.ts';
import { STREAMS, type StreamName } from './stream.ts';
import { TOPIC_ROWS, TOPICS, type TopicRow } from './topic-table.ts';

/** All topics are below this. */
export const ROOT = 'bartizan/1';
export const SHARDS = 64;

/** A topic of this product, taken apart. `bartizan/1/<tenant>/` is before all. */
export type Topic =
  | (ApplianceTopic & { readonly tenant: string; readonly shard: number; readonly serial: string })
  | { readonly kind: 'fleet_keys'; readonly tenant: string }
  | { readonly kind: 'list_manifest'; readonly tenant: string; readonly list: string }
  | { readonly kind: 'list_part'; readonly tenant: string; readonly sha256: Hex }
  | { readonly kind: 'lease'; readonly tenant: string; readonly shard: number };
export type ApplianceTopic =
  | { readonly kind: 'presence' }
  | { readonly kind: 'reported' }
  | { readonly kind: 'desired' }
  | { readonly kind: 'keys' }
  | { readonly kind: 'cmd' }
  | { readonly kind: 'result'; readonly id: Id }
  | { readonly kind: 'stream'; readonly stream: StreamName };

/** Whom topics are of. */
export interface ApplianceAddress {
  readonly tenant: string;
  /** As the device's: `4K7Q-M2XW-9T9`. */
  readonly serial: string;
}

/** Of a fleet's name. */
export const TENANT = /^[a-z0-9-]{1,32}$/;
/** Of a list's name. */
export const LIST_NAME = /^[a-z0-9-]{1,48}$/;
const SERIAL = new RegExp(`^[${CROCKFORD}]{4}-[${CROCKFORD}]{4}-[${CROCKFORD}]{3}$`);
const SHARD = /^[0-3][0-9a-f]$/;

export const isTenant = (text: string): boolean => TENANT.test(text);
export const isListName = (text: string): boolean => LIST_NAME.test(text);
/** Whether a text has the form of a serial; its check character is not looked at. */
export const isSerialForm = (text: string): boolean => SERIAL.test(text);

/** The first 6 bits of the SHA-256 of the serial. */
export const shardOf = (serial: string): number => (sha256(utf8ToBytes(serial))[0] ?? 0) >> 2;

/** `00` to `3f`. */
export const shardName = (shard: number): string => shard.toString(16).padStart(2, '0');

export function topicOf(of: ApplianceAddress, topic: ApplianceTopic): string {
  const base = `${ROOT}/${of.tenant}/${shardName(shardOf(of.serial))}/${of.serial}`;
  switch (topic.kind) {
    case 'result':
      return `${base}/cmd/${topic.id}/result`;
    case 'stream':
      return `${base}/stream/${topic.stream}`;
    default:
      return `${base}/${topic.kind}`;
  }
}

export const fleetKeysTopic = (tenant: string): string => `${ROOT}/${tenant}/keys`;
export const listManifestTopic = (tenant: string, list: string): string => `${ROOT}/${tenant}/list/${list}/manifest`;
export const listPartTopic = (tenant: string, sha256: Hex): string => `${ROOT}/${tenant}/list/part/${sha256}`;
export const leaseTopic = (tenant: string, shard: number): string => `${ROOT}/${tenant}/${shardName(shard)}/lease`;

/** What an appliance listens to. Parts of lists are asked for one by one, by their topics. */
export const applianceFilters = ({ tenant, serial }: ApplianceAddress): readonly string[] =>
  TOPIC_ROWS.filter(({ to, isOnDemand }) => to.includes('appliance') && isOnDemand !== true).map((row) =>
    filterOf(row, { tenant, shard: shardName(shardOf(serial)), serial }),
  );

/** What the controller listens to that holds a shard. */
export const shardFilters = (tenant: string, shard: number): readonly string[] =>
  TOPIC_ROWS.filter(({ below, to }) => below === 'appliance' && to.includes('controller')).map((row) =>
    filterOf(row, { tenant, shard: shardName(shard), serial: '+' }),
  );

/** The topics of a row, where some of what is above its path is left open. */
export function filterOf(
  { below, path }: Pick<TopicRow, 'below' | 'path'>,
  { tenant, shard, serial }: { readonly tenant: string; readonly shard: string; readonly serial: string },
): string {
  const above = { fleet: tenant, shard: `${tenant}/${shard}`, appliance: `${tenant}/${shard}/${serial}` }[below];
  return `${ROOT}/${above}/${path}`;
}

/** The leases of all shards. */
export const leaseFilter = (tenant: string): string => filterOf(TOPICS.lease, { tenant, shard: '+', serial: '' });

/**
 * Takes a topic apart. Whatever is not exactly as this module makes it is none of ours: also an appliance below a shard that
 * is not its own.
 */
export function parseTopic(text: string): Topic | undefined {
  if (text.length > 200) return undefined;
  const [product, version, tenant = '', first = '', ...rest] = text.split('/');
  if (`${product}/${version}` !== ROOT || !isTenant(tenant)) return undefined;
  if (first === 'keys') return rest.length === 0 ? { kind: 'fleet_keys', tenant } : undefined;
  if (first === 'list') return listTopic(tenant, rest);
  if (!SHARD.test(first)) return undefined;
  const shard = Number.parseInt(first, 16);
  const [serial = '', ...below] = rest;
  if (serial === 'lease') return below.length === 0 ? { kind: 'lease', tenant, shard } : undefined;
  if (!isSerialForm(serial) || shardOf(serial) !== shard) return undefined;
  const topic = applianceTopic(below);
  return topic === undefined ? undefined : { ...topic, tenant, shard, serial };
}

/** A list may be called `part`: its manifest is told by the last word, which no SHA-256 is. */
function listTopic(tenant: string, [name = '', last = '', ...more]: readonly string[]): Topic | undefined {
  if (more.length > 0) return undefined;
  if (last === 'manifest') return isListName(name) ? { kind: 'list_manifest', tenant, list: name } : undefined;
  return name === 'part' && isHex(last, 32) ? { kind: 'list_part', tenant, sha256: last } : undefined;
}

function applianceTopic(words: readonly string[]): ApplianceTopic | undefined {
  const [kind = '', second, third] = words;
  if (words.length === 1) return SINGLE.find((topic) => topic.kind === kind);
  if (kind === 'stream' && words.length === 2) {
    const stream = STREAMS.find((name) => name === second);
    return stream === undefined ? undefined : { kind, stream };
  }
  if (kind !== 'cmd' || words.length !== 3 || third !== 'result') return undefined;
  return second !== undefined && isId(second) ? { kind: 'result', id: second } : undefined;
}

const SINGLE = (['presence', 'reported', 'desired', 'keys', 'cmd'] as const).map((kind) => ({ kind }));
