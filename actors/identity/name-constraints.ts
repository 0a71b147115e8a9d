/** Object identifier of the X.509 name constraints extension (RFC 5280, 4.2.1.10). */
export const NAME_CONSTRAINTS = '2.5.29.30';

const OID_NAME_CONSTRAINTS = '551d1e';
const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
/** permittedSubtrees [0] of NameConstraints. */
const PERMITTED = 0xa0;
/** dNSName [2] of GeneralName. */
const DNS_NAME = 0x82;
/** extensions [3] of TBSCertificate. */
const EXTENSIONS = 0xa3;

interface Element {
  readonly tag: number;
  readonly body: Uint8Array;
}

/** The DER value of a name constraints extension that permits these DNS suffixes and says nothing of other names. */
export function encodeNameConstraints(dnsSuffixes: readonly string[]): Uint8Array {
  const subtrees = dnsSuffixes.map((suffix) => element(SEQUENCE, element(DNS_NAME, Buffer.from(suffix, 'latin1'))));
  return element(SEQUENCE, element(PERMITTED, Buffer.concat(subtrees)));
}

/**
 * The permitted DNS suffixes of a certificate in DER; undefined when it has no such constraint.
 * Node's X509Certificate does not show the extension. Total: damaged DER has no constraints.
 */
export function permittedDnsSuffixes(certificate: Uint8Array): readonly string[] | undefined {
  const tbs = elements(elements(certificate)[0]?.body)[0];
  const extensions = elements(elements(tbs?.body).find(({ tag }) => tag === EXTENSIONS)?.body)[0];
  for (const extension of elements(extensions?.body)) {
    const [oid, ...rest] = elements(extension.body);
    if (oid?.tag !== OBJECT_IDENTIFIER || Buffer.from(oid.body).toString('hex') !== OID_NAME_CONSTRAINTS) continue;
    const value = rest.find(({ tag }) => tag === OCTET_STRING);
    const permitted = elements(elements(value?.body)[0]?.body).find(({ tag }) => tag === PERMITTED);
    const bases = elements(permitted?.body).map((subtree) => elements(subtree.body)[0]);
    const suffixes = bases.filter((base) => base?.tag === DNS_NAME).map((base) => latin1(base?.body));
    return suffixes.length > 0 ? suffixes : undefined;
  }
  return undefined;
}

const latin1 = (bytes: Uint8Array = new Uint8Array()): string => Buffer.from(bytes).toString('latin1');

function element(tag: number, body: Uint8Array): Uint8Array {
  const { length } = body;
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Uint8Array.from(header), body]);
}

/** The elements that stand one after another in `bytes`, up to the first that is not whole. */
function elements(bytes: Uint8Array = new Uint8Array()): Element[] {
  const found: Element[] = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const tag = bytes[at] ?? 0;
    const first = bytes[at + 1] ?? 0;
    const extra = first < 0x80 ? 0 : first & 0x7f;
    let length = first < 0x80 ? first : 0;
    for (let i = 0; i < extra; i++) length = length * 256 + (bytes[at + 2 + i] ?? 0);
    const start = at + 2 + extra;
    if (extra > 3 || start + length > bytes.length) break;
    found.push({ tag, body: bytes.subarray(start, start + length) });
    at = start + length;
  }
  return found;
}
