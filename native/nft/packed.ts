import { fromBytes, makeCidr } from '../../core/base/ip.ts';
import { LONGEST } from '../../core/base/time.ts';
import type { SetDeclaration } from './declaration.ts';
import { refuse } from './failure.ts';
import type { ParsedKey } from './keys.ts';
import type { NftFailure, PackedKeys } from './port.ts';
import { MAX_SET_SIZE, type ParsedAdd } from './validate.ts';

/** The most keys of one load: what a set can hold. */
export const MAX_KEYS = MAX_SET_SIZE;
/** The most keys of one `find`. */
export const MAX_FOUND = 10_000;
const ID_BYTES = 16;

export const countOf = (keys: PackedKeys): number => keys.bytes.length / widthOf(keys);

const widthOf = ({ family }: PackedKeys): number => (family === 4 ? 4 : 16);

/** Whether the columns are of one length; what stands in them the engine looks at. */
export function checkColumns(keys: PackedKeys): NftFailure | undefined {
  if (keys.family !== 4 && keys.family !== 6) return refuse('the keys of a load are of family 4 or 6');
  const count = countOf(keys);
  if (!Number.isInteger(count)) return refuse(`keys of family ${keys.family} are ${widthOf(keys)} bytes each`);
  if (count > MAX_KEYS) return refuse(`a load has at most ${MAX_KEYS} keys`);
  const { prefixes, timeouts, ids } = keys;
  if (prefixes !== undefined && prefixes.length !== count) return refuse('a load brings one prefix a key, or none');
  if (timeouts !== undefined && timeouts.length !== count) return refuse('a load brings one timeout a key, or none');
  if (ids === undefined || ids.length === count * ID_BYTES) return undefined;
  return refuse(`a load brings one id of ${ID_BYTES} bytes a key, or none`);
}

/** What the engine refuses of a load before it sends anything: the first unsound key. */
export function checkKeys(keys: PackedKeys, set: SetDeclaration): NftFailure | undefined {
  if (set.dynamic) return refuse('the set is filled by a rule alone');
  if (keys.family !== set.family) return refuse("the addresses are not of the set's family");
  if ((keys.prefixes !== undefined) !== set.interval) {
    return refuse(set.interval ? 'an interval set takes networks: prefixes are missing' : 'the set takes no prefixes');
  }
  for (let i = 0; i < countOf(keys); i++) {
    const fault = keyFault(keys, i) ?? timeoutFault(keys.timeouts?.[i] ?? 0, set);
    if (fault !== undefined) return refuse(`key ${i}: ${fault}`, i);
  }
  return undefined;
}

function keyFault(keys: PackedKeys, index: number): string | undefined {
  const prefix = keys.prefixes?.[index];
  if (prefix === undefined && keys.family === 4) return undefined;
  const bytes = bytesAt(keys, index);
  if (prefix === undefined) return fromBytes(bytes).family === 6 ? undefined : 'carries an IPv4 address';
  if (prefix > bytes.length * 8) return 'the prefix is longer than the address';
  return makeCidr(keys.family, bytes, prefix).bytes.some((byte, i) => byte !== bytes[i])
    ? 'has host bits set'
    : undefined;
}

function timeoutFault(timeout: number, set: SetDeclaration): string | undefined {
  if (!(Number.isInteger(timeout) && timeout >= 0 && timeout <= LONGEST)) {
    return `a timeout is 0 or whole milliseconds up to ${LONGEST}`;
  }
  return timeout !== 0 && !set.timeout ? 'the set is declared without timeouts' : undefined;
}

const bytesAt = (keys: PackedKeys, index: number): Uint8Array =>
  keys.bytes.slice(index * widthOf(keys), (index + 1) * widthOf(keys));

/** The key's text, for who has to be told of it; `undefined` behind the last one. */
export function textAt(keys: PackedKeys, index: number): string | undefined {
  return index < countOf(keys) ? keyAt(keys, index).text : undefined;
}

function keyAt(keys: PackedKeys, index: number): ParsedKey {
  const bytes = bytesAt(keys, index);
  const prefix = keys.prefixes?.[index];
  if (prefix === undefined) return { family: keys.family, bytes, text: fromBytes(bytes).text };
  return { family: keys.family, bytes, prefix, text: makeCidr(keys.family, bytes, prefix).text };
}

/** One key of a load as the op it amounts to. */
export function addAt(keys: PackedKeys, set: string, index: number): ParsedAdd {
  const timeout = keys.timeouts?.[index] ?? 0;
  const op: ParsedAdd = {
    kind: 'add',
    set,
    key: keyAt(keys, index),
    timeout: timeout === 0 ? 'never' : timeout,
  };
  const id = keys.ids?.subarray(index * ID_BYTES, (index + 1) * ID_BYTES);
  return id === undefined ? op : { ...op, comment: uuidOf(id) };
}

function uuidOf(id: Uint8Array): string {
  const hex = Buffer.from(id).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
