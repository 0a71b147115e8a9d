import assert from 'node:assert/strict';
import { checkOf } from '../../../core/detect/checks.ts';
import type { Finding } from '../../../core/detect/finding.ts';
import type { KeptLine } from '../../../core/event/kept.ts';
import type { Decision } from '../../../core/respond/decision.ts';
import { idsOf, isOfLines, placeOf, type Remains } from './remains.ts';
import { isOfBoth, type Twins } from './twins.ts';

/** What is left is what the undisturbed one has, and of the sender's attacks one finding at least, one a sending at most. */
export function sameFindings(left: Remains, expected: Remains, { sender }: Twins): void {
  const isOfSender = ({ last }: Finding): boolean => last.source.startsWith('net-');
  const mine = left.findings.filter((one) => !isOfSender(one));
  assert.deepEqual(textsOf(mine, expected.findings), [], 'found by the disturbed one alone');
  assert.deepEqual(textsOf(expected.findings, mine), [], 'found by the calm one alone');
  assert.deepEqual(idsOf(mine), idsOf(expected.findings));
  for (const [ip, sent] of sender.sent) {
    const made = left.findings.filter(({ check, subject }) => subject.value === ip && check === 'ssh_bruteforce');
    assert.ok(made.length >= 1 && made.length <= sent, `${made.length} findings of ${ip}, sent ${sent} times`);
  }
}

/** Of what is in the first and not in the second. */
function textsOf(some: readonly Finding[], others: readonly Finding[]): readonly string[] {
  const known = new Set(others.map(({ id }) => id));
  return some
    .filter((finding) => isOfLines(finding) && !known.has(finding.id))
    .map(({ check, last, message }) => `${check} at ${last.source} ${last.offset}: ${message}`);
}

/** No line is kept twice. */
export function keptAtMostOnce({ events }: Pick<Remains, 'events'>): void {
  assert.equal(new Set(events.map(({ position }) => `${position.source} ${position.offset}`)).size, events.length);
}

/** Every line that was written is kept once. */
export function sameEvents({ events }: Remains, expected: Remains, { written }: Twins): void {
  const places = (lines: readonly KeptLine[]): readonly string[] => lines.filter(isOfBoth).map(placeOf).sort();
  const mine = places(events);
  assert.deepEqual(mine, places(expected.events));
  assert.equal(mine.length, written);
  keptAtMostOnce({ events });
}

/** @param listed the kernel's set, as `nft -j` prints it */
export function eachDecidedOnce({ findings, decisions }: Remains, listed: string): void {
  const active = decisions.filter(({ state }) => state === 'active');
  const named = decisions.flatMap((decision) => decision.findings);
  assert.equal(new Set(named).size, named.length, 'a finding decides once');
  assert.equal(new Set(active.map(({ ip }) => ip)).size, active.length, 'an address is blocked once');
  const blocking = findings.filter(({ check }) => checkOf(check)?.response.kind === 'block');
  const standing = new Set(decisions.filter(isStanding).map(({ ip }) => ip as string));
  for (const { provenance, subject, id } of blocking) {
    assert.equal(standing.has(subject.value), provenance === 'file', `${id} of ${subject.value}, ${provenance}`);
  }
  const inV4 = active.filter(({ ip }) => !ip.includes(':'));
  assert.deepEqual(elementsOf(listed), inV4.map(({ ip, id }) => `${ip} ${id}`).sort());
}

const isStanding = ({ state }: Decision): boolean => state === 'active' || state === 'pending';

interface Listed {
  readonly nftables: readonly {
    readonly set?: { readonly elem?: readonly { readonly elem: { readonly val: string; readonly comment: string } }[] };
  }[];
}

const elementsOf = (json: string): string[] =>
  (JSON.parse(json) as Listed).nftables
    .flatMap(({ set }) => set?.elem ?? [])
    .map(({ elem }) => `${elem.val} ${elem.comment}`)
    .sort();
