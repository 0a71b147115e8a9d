import { wrapped } from '../base/paragraphs.ts';
import { printable } from '../base/printable.ts';
import { claimText } from './claim-text.ts';
import { inAscii, inHalfBlocks, qrModules } from './qr.ts';
import type { Serial } from './serial.ts';

/** Whether somebody administers the appliance, or could become who does. */
export type ClaimState =
  | { readonly state: 'claimed' }
  | { readonly state: 'open'; readonly code: string }
  | { readonly state: 'expired' | 'exhausted' };

/** What the status console shows of a running appliance. Texts may hold anything; they are made printable here. */
export interface StatusPageFacts {
  readonly hostname: string;
  readonly version: string;
  /** The image is signed with keys that everybody has. */
  readonly isLab: boolean;
  readonly slot?: string;
  /** Absent where the device has no identity; `deviceTrouble` says why. */
  readonly serial?: Serial;
  readonly deviceTrouble?: string;
  readonly claim: ClaimState;
  /** Under which the web console is reached, the best first. */
  readonly urls: readonly string[];
  /** Why nothing listens. */
  readonly listenTrouble?: string;
  /** SHA-256 of the certificate to be checked, colons between; of the authority where the certificate is our own. */
  readonly fingerprint: { readonly of: 'CA' | 'certificate'; readonly text: string };
  /** What the mode means, in one line. */
  readonly mode: string;
  readonly trial?: { readonly summary: string; readonly minutesLeft: number };
  /** Components that are not well, the worst first. */
  readonly unwell: readonly { readonly name: string; readonly state: string; readonly message?: string }[];
}

/** The page, for terminals that show half blocks and for those that do not. Lines end with a line feed. */
export interface StatusPage {
  readonly utf8: string;
  readonly ascii: string;
  /** The claim's QR code in ASCII, too large to stand beside the text; empty unless the claim is open. */
  readonly asciiQr: string;
}

export const PAGE_COLUMNS = 80;
/** Of the 24 of a terminal; the rest is the console's own. */
export const PAGE_ROWS = 18;
const LABEL = 9;

/** Draws the page; no line is longer than 80 columns, and what does not fit in 18 rows is left out from the end, saying so. */
export function statusPage(facts: StatusPageFacts): StatusPage {
  const modules =
    facts.claim.state === 'open' && facts.serial !== undefined
      ? qrModules(claimText(facts.serial, facts.claim.code))
      : undefined;
  const qr = modules === undefined ? [] : inHalfBlocks(modules);
  const beside = qr.length === 0 ? 0 : (qr[0]?.length ?? 0) + 1;
  return {
    utf8: text(joined(fitted(linesOf(facts, PAGE_COLUMNS - beside)), qr)),
    ascii: text(fitted(linesOf(facts, PAGE_COLUMNS))),
    asciiQr: modules === undefined ? '' : text(inAscii(modules)),
  };
}

const text = (lines: readonly string[]): string => lines.map((line) => `${line.trimEnd()}\n`).join('');

function linesOf(facts: StatusPageFacts, width: number): readonly string[] {
  const row = (label: string, value: string): readonly string[] => labelled(label, value, width);
  const { slot, serial, trial, unwell } = facts;
  return [
    ...row('Bartizan', [facts.version, ...(slot === undefined ? [] : [`slot ${slot}`]), facts.hostname].join(', ')),
    ...(facts.isLab ? row('', 'LAB IMAGE: its signing keys are known to everybody') : []),
    ...row('Serial', serial ?? `none: ${facts.deviceTrouble ?? 'the device has no identity'}`),
    ...claimLines(facts.claim, row),
    ...consoleLines(facts, row),
    ...fingerprintLines(facts, width),
    ...row('Mode', facts.mode),
    ...(trial === undefined
      ? []
      : row('ON TRIAL', `${trial.summary}; taken back in ${trial.minutesLeft} min unless confirmed`)),
    ...unwell.flatMap(({ name, state, message }, i) =>
      row(i === 0 ? 'Trouble' : '', `${name} is ${state}${message === undefined ? '' : `: ${message}`}`).slice(0, 2),
    ),
  ];
}

type Row = (label: string, value: string) => readonly string[];

function claimLines(claim: ClaimState, row: Row): readonly string[] {
  switch (claim.state) {
    case 'claimed':
      return row('Claimed', 'yes');
    case 'open':
      return [
        ...row('Claimed', 'NO: whoever enters this code becomes admin'),
        ...row('', claim.code),
        ...row('', '(once, within 24 h, five tries)'),
      ];
    case 'expired':
      return row('Claimed', 'NO, and the code has expired: reboot for another');
    case 'exhausted':
      return row('Claimed', 'NO, and all tries are used up: reboot for another');
  }
}

const MOST_URLS = 3;

function consoleLines({ urls, listenTrouble }: StatusPageFacts, row: Row): readonly string[] {
  if (listenTrouble !== undefined) return row('Console', `does not listen: ${listenTrouble}`).slice(0, 2);
  if (urls.length === 0) return row('Console', 'no network address yet');
  const more = urls.length > MOST_URLS ? [`and ${urls.length - MOST_URLS} more addresses`] : [];
  return [...urls.slice(0, MOST_URLS), ...more].flatMap((url, i) => row(i === 0 ? 'Console' : '', url));
}

/** Sixteen bytes a line, as browsers show it. */
function fingerprintLines({ fingerprint }: StatusPageFacts, width: number): readonly string[] {
  const halves = printable(fingerprint.text).match(/.{1,48}/g) ?? [];
  const lines = halves.map((half) => half.replace(/:$/, ''));
  // Beside a QR code there is no room for a label and sixteen bytes.
  if (width >= LABEL + 47 + 1) return lines.map((line, i) => labelOf(i === 0 ? `${short(fingerprint.of)}` : '') + line);
  return [`SHA-256 of the ${fingerprint.of}:`, ...lines.map((line) => ` ${line}`)];
}

const short = (of: 'CA' | 'certificate'): string => (of === 'CA' ? 'CA' : 'Cert');

const labelOf = (label: string): string => label.padEnd(LABEL);

function labelled(label: string, value: string, width: number): readonly string[] {
  const room = width - LABEL - 1;
  const lines = wrapped(asciiOf(printable(value)), room).flatMap(
    (line) => line.match(new RegExp(`.{1,${room}}`, 'g')) ?? [''],
  );
  return lines.map((line, i) => labelOf(i === 0 ? label : '') + line);
}

/** Serial lines carry bytes: what is not ASCII may come out as anything, and in any width. */
const asciiOf = (value: string): string => value.replaceAll(/[^\x20-\x7e]/gu, '?');

function fitted(lines: readonly string[]): readonly string[] {
  if (lines.length <= PAGE_ROWS) return lines;
  const kept = lines.slice(0, PAGE_ROWS - 1);
  return [...kept, `${labelOf('')}(${lines.length - kept.length} more lines: see the web console)`];
}

/** The QR code stands at the right edge. */
function joined(lines: readonly string[], qr: readonly string[]): readonly string[] {
  const left = PAGE_COLUMNS - (qr[0]?.length ?? 0);
  return Array.from({ length: Math.max(lines.length, qr.length) }, (_, i) => {
    const line = lines[i] ?? '';
    const modules = qr[i];
    return modules === undefined ? line : line.padEnd(left) + modules;
  });
}
