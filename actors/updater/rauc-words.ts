import { fail, ok, type Result } from '../../core/base/result.ts';
import {
  type BundleFacts,
  type ImageSums,
  type Progress,
  type Refusal,
  SLOT_NAMES,
  type Slot,
  type SlotsView,
  type Work,
} from '../../core/image/slots.ts';

type Json = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** The last line of an output that is JSON: RAUC writes its messages ahead of it. */
function jsonIn(out: string): Json | undefined {
  for (const line of out.split('\n').toReversed()) {
    if (!line.startsWith('{')) continue;
    try {
      return objectOf(JSON.parse(line));
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** `rauc status --detailed --output-format=json`. A slot is a group: a kernel with the boot loader's name, and its root. */
export function slotsIn(out: string): Result<SlotsView, 'unavailable'> {
  const said = jsonIn(out);
  const rows = Array.isArray(said?.['slots']) ? said['slots'].flatMap((one) => Object.entries(objectOf(one))) : [];
  const slots = rows.map(([id, facts]) => ({ id, facts: objectOf(facts) }));
  const found = SLOT_NAMES.flatMap((name): Slot[] => {
    const head = slots.find(({ facts }) => facts['bootname'] === name);
    if (head === undefined) return [];
    const group = [head, ...slots.filter(({ facts }) => facts['parent'] === head.id)];
    const state = head.facts['boot_status'] === 'good' ? 'good' : 'bad';
    const isBooted = said?.['booted'] === name || head.facts['state'] === 'booted';
    const isFirst = said?.['boot_primary'] === head.id;
    return [{ name, state, isBooted, isFirst, ...contentOf(group.map(({ facts }) => facts)) }];
  });
  if (found.length !== SLOT_NAMES.length) return fail('unavailable', 'RAUC does not know the slots A and B');
  return ok({ slots: found, compatible: textOf(said?.['compatible']) ?? '' });
}

/** All parts of a slot must be of one bundle and whole. */
function contentOf(rows: readonly Json[]): Pick<Slot, 'version' | 'installedAt' | 'sums'> {
  const parts = rows.map((row) => objectOf(row['slot_status']));
  const [version, ...others] = parts.map((part) => textOf(objectOf(part['bundle'])['version']));
  const isWhole = parts.every((part) => part['status'] === 'ok') && others.every((other) => other === version);
  const installedAt = textOf(objectOf(parts[0]?.['installed'])['timestamp']);
  if (version === undefined || !isWhole) return {};
  const sums = sumsOf(
    rows.map((row) => [textOf(row['class']), objectOf(objectOf(row['slot_status'])['checksum'])['sha256']]),
  );
  return { version, sums, ...(installedAt === undefined ? {} : { installedAt }) };
}

/** By class; what is no SHA-256 in hex is not there. */
const sumsOf = (pairs: readonly (readonly [name: string | undefined, sum: unknown])[]): ImageSums =>
  Object.fromEntries(
    pairs.flatMap(([name, sum]) =>
      name !== undefined && /^[0-9a-f]{64}$/.test(String(sum)) ? [[name, String(sum)]] : [],
    ),
  );

const rowsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** `rauc info --output-format=json`. */
export function factsIn(out: string): BundleFacts | undefined {
  const said = jsonIn(out) ?? {};
  const images = rowsOf(said['images']).flatMap((one) => Object.entries(objectOf(one)));
  return bundleFacts(said, sumsOf(images.map(([name, about]) => [name, objectOf(about)['checksum']])));
}

/** `busctl --json=short call … InspectBundle`: D-Bus types around the same. */
export function inspectedIn(out: string): BundleFacts | undefined {
  const [answer] = (jsonIn(out)?.['data'] as readonly unknown[] | undefined) ?? [];
  const update = objectOf(plain(objectOf(answer)['update']));
  const images = rowsOf(plain(objectOf(answer)['images'])).map((one) => objectOf(plain(one)));
  return bundleFacts(
    { version: plain(update['version']), compatible: plain(update['compatible']) },
    sumsOf(images.map((one) => [textOf(plain(one['slot-class'])), plain(one['checksum'])])),
  );
}

/** `busctl --json=short get-property … Operation Progress LastError`: a line each. */
export function workIn(out: string): Work | undefined {
  const [operation, progress, lastError] = out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => plain(jsonIn(line)));
  if (typeof operation !== 'string' || typeof lastError !== 'string') return undefined;
  const [percent, message] = rowsOf(progress);
  const told = Number.isInteger(percent)
    ? { percent: bounded(Number(percent)), message: String(message).slice(0, 200) }
    : undefined;
  return {
    isInstalling: operation === 'installing',
    lastError: oneLine(lastError).slice(0, 300),
    ...(told === undefined ? {} : { progress: told }),
  };
}

const bounded = (percent: number): number => Math.min(100, Math.max(0, percent));
const oneLine = (text: string): string => text.trim().replaceAll(/\s*\n\s*/g, ' ');

/** A D-Bus value without its type; RAUC 1.13 has variants in variants. */
const plain = (value: unknown): unknown => ('data' in objectOf(value) ? plain(objectOf(value)['data']) : value);

function bundleFacts(said: Json, sums: ImageSums): BundleFacts | undefined {
  const [version, compatible] = [textOf(said['version']), textOf(said['compatible'])];
  return version === undefined || compatible === undefined || !/^[!-~]{1,128}$/.test(version)
    ? undefined
    : { version, compatible, sums };
}

/** A line such as ` 85% Copying image to kernel.1`. */
export function progressIn(line: string): Progress | undefined {
  const [, percent, message] = /^\s*(\d{1,3})%\s+(\S.*)$/.exec(line) ?? [];
  return percent === undefined || message === undefined
    ? undefined
    : { percent: bounded(Number(percent)), message: message.slice(0, 200) };
}

/** The first that fits what RAUC has said of a failure tells what it was, and what a person is told. */
const KNOWN: readonly (readonly [pattern: RegExp, code: Refusal, text: string])[] = [
  [/compatible mismatch/i, 'incompatible', 'the bundle is made for another kind of machine'],
  [
    /(?:get local issuer|self.signed|unable to verify the first|certificate (?:has expired|is not yet valid|revoked)|unsuitable certificate|no signer|signer (?:certificate )?not found)/i,
    'foreign',
    'the bundle is not signed by whom this appliance trusts',
  ],
  [
    /no space left|too (?:small|large) for|does not fit|(?:image|bundle) (?:size )?(?:is )?(?:larger|bigger) than/i,
    'no_space',
    'there is no room for the bundle: it is larger than the slot, or than what may be downloaded',
  ],
  [/already processing|rauc busy|is busy/i, 'busy', 'RAUC is at work on something else'],
  [
    /vanished|remote peer disconnected|noreply|no reply|crash|disconnected from message bus/i,
    'crashed',
    "RAUC's service went away while it was at the bundle, as a damaged one may make it",
  ],
  // The kernel tells the size of the network block device a moment late: another attempt finds it.
  [
    /failed to load dm table: argument list too long/i,
    'crashed',
    'the device through which the bundle is streamed was not ready',
  ],
  [
    /failed to connect to bus|(?:name|service) [^\n]*(?:not (?:provided|activat)|unknown)|could not connect|error (?:retrieving|creating proxy|calling D-Bus)|rejected send message|access ?denied/i,
    'unavailable',
    "RAUC's service does not answer",
  ],
  [
    /no such file|failed to (?:open|stat)[^\n]*(?:no such|not found)|failed to download|couldn'?t (?:connect|resolve)|connection (?:refused|timed out|reset)|http (?:error|response)|HTTP\/|timed? ?out|404|unreachable|failed to (?:configure|connect) (?:to )?(?:nbd|streaming)/i,
    'unreachable',
    'the bundle cannot be read from there',
  ],
  [
    /verif(?:y|ication) (?:failed|failure|error)|invalid bundle|content verify|signature|digest|checksum|manifest|corrupt|dm-verity|failed (?:to )?mount(?:ing)? bundle|squashfs|exceeds bundle size|input\/output error/i,
    'damaged',
    'the bundle is damaged: its bytes are not those that were signed',
  ],
];

/** What of an output is RAUC's own word on a failure: one line. */
function wordIn(out: string): string {
  const lines = out
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const last = lines.findLast((line) => line.startsWith('LastError: '))?.slice('LastError: '.length);
  return (last ?? lines.findLast((line) => !line.startsWith('Installing `')) ?? '').slice(0, 300);
}

/** Why RAUC has refused, and a sentence for a person with RAUC's own word behind it. */
export function refusalIn(out: string): { readonly code: Refusal; readonly text: string } {
  const word = wordIn(out);
  const known = KNOWN.find(([pattern]) => pattern.test(word)) ?? KNOWN.find(([pattern]) => pattern.test(out));
  const behind = word === '' ? '' : ` (RAUC: ${word})`;
  return known === undefined
    ? { code: 'failed', text: `the bundle was not installed${behind}` }
    : { code: known[1], text: `${known[2]}${behind}` };
}
