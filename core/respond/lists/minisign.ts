/** A public key that signs lists: ed25519, as minisign writes it or alone. */
export interface SigningKey {
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** 8 bytes, of minisign; its signatures name it. */
  readonly id?: Uint8Array;
}

/** A detached signature of a list. */
export interface ListSignature {
  /** 64 bytes, of ed25519. */
  readonly signature: Uint8Array;
  /** Whether BLAKE2b-512 of the list is signed instead of the list. */
  readonly isPrehashed: boolean;
  /** Of minisign. */
  readonly keyId?: Uint8Array;
  /** Of minisign: what is vouched for with the signature, by a signature of its own. */
  readonly trusted?: { readonly text: Uint8Array; readonly signature: Uint8Array };
}

/** Reads a key: minisign's line in base64 (42 bytes), or the 32 bytes of ed25519 in base64 or hexadecimal. */
export function parseSigningKey(text: string): SigningKey | undefined {
  const bytes = bytesOf(text.trim());
  if (bytes?.length === 32) return { key: bytes };
  if (bytes?.length !== 42 || bytes[0] !== 0x45 || bytes[1] !== 0x64) return undefined;
  return { id: bytes.slice(2, 10), key: bytes.slice(10) };
}

/** Reads a signature: minisign's file, or 64 bytes in base64, in hexadecimal, or as they are. */
export function parseListSignature(file: Uint8Array): ListSignature | undefined {
  if (file.length === 64) return { signature: file.slice(), isPrehashed: false };
  if (file.length > 4096) return undefined;
  const lines = new TextDecoder().decode(file).split(/\r?\n/);
  const isMinisign = lines[0]?.startsWith('untrusted comment:') === true;
  const bytes = bytesOf((isMinisign ? lines[1] : lines[0])?.trim() ?? '');
  if (!isMinisign) return bytes?.length === 64 ? { signature: bytes, isPrehashed: false } : undefined;
  const comment = 'trusted comment: ';
  const global = bytesOf(lines[3]?.trim() ?? '');
  const isWhole = bytes?.length === 74 && global?.length === 64 && lines[2]?.startsWith(comment) === true;
  if (!isWhole || bytes[0] !== 0x45 || (bytes[1] !== 0x44 && bytes[1] !== 0x64)) return undefined;
  const signature = bytes.slice(10);
  const text = new TextEncoder().encode(lines[2]?.slice(comment.length));
  return {
    signature,
    isPrehashed: bytes[1] === 0x44,
    keyId: bytes.slice(2, 10),
    trusted: { text: Uint8Array.of(...signature, ...text), signature: global },
  };
}

/** SHA-256 in hexadecimal, as `sha256sum` writes it: the first word of a file. */
export const parseSha256 = (text: string): string | undefined =>
  /^\\?([0-9a-fA-F]{64})(?:\s|$)/.exec(text.trimStart())?.[1]?.toLowerCase();

/** Hexadecimal or base64; undefined where it is neither. */
export function bytesOf(text: string): Uint8Array | undefined {
  if (/^(?:[0-9a-fA-F]{2})+$/.test(text) && (text.length === 64 || text.length === 128)) {
    return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(i * 2, i * 2 + 2), 16));
  }
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const plain = text.replace(/=+$/, '');
  const bytes = new Uint8Array((plain.length * 3) >> 2);
  let [word, bits, at] = [0, 0, 0];
  for (const letter of plain) {
    word = ((word << 6) | ALPHABET.indexOf(letter)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = word >> bits;
  }
  return bytes;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
