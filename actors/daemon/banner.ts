import { goDuration, millis } from '../../core/base/time.ts';
import type { Mode } from '../../core/respond/mode.ts';

export interface BannerFacts {
  readonly version: string;
  /** As configured. */
  readonly listen: string;
  /** Really bound; undefined when nothing listens. */
  readonly port: number | undefined;
  /** Why nothing listens. */
  readonly httpTrouble: string | undefined;
  readonly fingerprint: string;
  /** Where it comes from, or who vouches for it. */
  readonly certificateFrom: string;
  readonly mode: Mode;
  readonly modeReason: string | undefined;
  readonly httpEngine: string;
  /** Why it is not the one that was wished for. */
  readonly httpEngineReason: string | undefined;
  readonly firewallEngine: string;
  readonly configFile: string;
  readonly configCreated: boolean;
  readonly sources: readonly string[];
  readonly notes: readonly string[];
  readonly claimCode: string | undefined;
  readonly startMs: number;
  /** Of the device; undefined where it has none. */
  readonly serial: string | undefined;
}

const MODE_TEXT: Readonly<Record<Mode, string>> = {
  observe: 'observe: findings only, the kernel is not touched',
  dry_run: "dry run: an operator's blocks are enforced, automatic ones only recorded",
  enforce: 'enforce: attackers are cut in the kernel',
};

/** What a person at the terminal needs to know after a start. */
export function banner(facts: BannerFacts): string {
  const rows: readonly (readonly [label: string, text: string] | undefined)[] = [
    ['bartizan', `${facts.version}, ready in ${goDuration(millis(Math.round(facts.startMs)))}`],
    facts.serial === undefined ? undefined : ['serial', facts.serial],
    ['console', consoleText(facts)],
    ['', `certificate SHA-256 ${facts.fingerprint}`],
    ['', facts.certificateFrom],
    ['mode', MODE_TEXT[facts.mode]],
    facts.modeReason === undefined ? undefined : ['', `but ${facts.modeReason}`],
    ['engine', `HTTPS: ${facts.httpEngine}; nftables: ${facts.firewallEngine}`],
    facts.httpEngineReason === undefined ? undefined : ['', facts.httpEngineReason],
    ['config', `${facts.configFile}${facts.configCreated ? ' (just written)' : ''}`],
    ...facts.sources.map((source, i) => [i === 0 ? 'watches' : '', source] as const),
    ...facts.notes.map((note) => ['note', note] as const),
    facts.claimCode === undefined ? undefined : ['claim', `${facts.claimCode}   (once, within 24 h, five tries)`],
  ];
  return `${rows.flatMap((row) => (row === undefined ? [] : [`${row[0].padEnd(9)} ${row[1]}`])).join('\n')}\n`;
}

/** A wildcard is no address that a browser can open. */
function consoleText({ listen, port, httpTrouble }: BannerFacts): string {
  if (port === undefined) return `cannot listen on ${listen}, tried again every 30 s: ${httpTrouble ?? 'unknown'}`;
  const host = listen.slice(0, listen.lastIndexOf(':'));
  return `https://${host === '0.0.0.0' || host === '[::]' ? '127.0.0.1' : host}:${port}/`;
}
