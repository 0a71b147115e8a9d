import { parseIp } from '../../core/base/ip.ts';
import type { Millis } from '../../core/base/time.ts';
import type { PackedKeys } from '../../native/nft/index.ts';
import { timeoutOf } from './elements.ts';
import type { KernelBlock } from './port.ts';

const ID_BYTES = 16;
const DOT = 46;
const DASH = 45;
const ZERO = 48;

/** Blocks of one family as columns. Written by hand for what there may be half a million of: IPv4 addresses and ids. */
export function packBlocks(blocks: readonly KernelBlock[], family: 4 | 6, now: Millis): PackedKeys {
  const width = family === 4 ? 4 : 16;
  const bytes = new Uint8Array(blocks.length * width);
  const timeouts = new Float64Array(blocks.length);
  const ids = new Uint8Array(blocks.length * ID_BYTES);
  for (const [i, { ip, id, expiresAt }] of blocks.entries()) {
    if (family === 4) writeIpv4(ip, bytes, i * width);
    else writeIpv6(ip, bytes, i * width);
    const timeout = timeoutOf(expiresAt, now);
    timeouts[i] = timeout === 'never' ? 0 : Math.ceil(timeout);
    writeId(id, ids, i * ID_BYTES);
  }
  return { family, bytes, timeouts, ids };
}

/** Canonical, as every block's address is. */
function writeIpv4(text: string, to: Uint8Array, at: number): void {
  let place = at;
  let byte = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === DOT) {
      to[place++] = byte;
      byte = 0;
    } else {
      byte = byte * 10 + code - ZERO;
    }
  }
  to[place] = byte;
}

function writeIpv6(text: string, to: Uint8Array, at: number): void {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(`${text} is blocked and no address`);
  to.set(parsed.value.bytes, at);
}

/** A UUID in lower case. */
function writeId(id: string, to: Uint8Array, at: number): void {
  let place = at;
  for (let i = 0; i < id.length; i += 2) {
    if (id.charCodeAt(i) === DASH) i++;
    to[place++] = (hexDigit(id.charCodeAt(i)) << 4) | hexDigit(id.charCodeAt(i + 1));
  }
}

const hexDigit = (code: number): number => (code < 58 ? code - ZERO : code - 87);
