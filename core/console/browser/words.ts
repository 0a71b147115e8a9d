const two = (value: number): string => String(value).padStart(2, '0');

/** `02:17:33` in the reader's zone. */
export const clock = (at: Date): string => `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;

/** `2026-11-22 02:17:33` in the reader's zone, as logs have it; what is no time is returned as it is. */
export function stamp(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(at)}`;
}

/** The server's `167h59m`, `12m` or `permanent` for people: `6d 23h`, `12m`, `for good`. */
export function timeLeft(expiresIn: string): string {
  if (expiresIn === 'permanent') return 'for good';
  const hours = Number(/^(\d+)h/.exec(expiresIn)?.[1] ?? 0);
  return hours < 48 ? expiresIn.replace(/h(?=\d)/, 'h ') : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** `4:07`. */
export const countdown = (seconds: number): string => `${Math.floor(seconds / 60)}:${two(Math.floor(seconds % 60))}`;

const MAKERS: Readonly<Record<string, string>> = {
  auto_response: 'automatic',
  web_ui: 'operator',
  cli: 'command line',
  unknown: 'found in the kernel',
};

/** Who made a block. */
export const maker = (source: string): string => MAKERS[source] ?? source;

/** By the API's integer. */
export const severity = (level: number): string => ['warning', 'high', 'critical'][level] ?? 'unknown';

/** `lines 1,204 · dropped 3`: what was counted, without the zeros. */
export const counts = (counters: Readonly<Record<string, number>>): string =>
  Object.entries(counters)
    .filter(([, value]) => value !== 0)
    .map(([name, value]) => `${name} ${value.toLocaleString('en')}`)
    .join(' · ');

/** What would not be seen, or would change how the rest is seen, as `\u{202e}`: lines of logs hold whatever somebody sent. */
export const visible = (text: string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16)}}`);

const RULES: Readonly<Record<string, string>> = {
  blocked: 'blocked addresses',
  blocked_nets: 'blocked networks',
  denied: 'denied networks of the settings',
};

/** A rule by the name of its counter: `blocked`, `list_firehol`, `trial_blocked`. */
export function ruleName(counter: string): string {
  if (counter.startsWith('trial_')) return `${ruleName(counter.slice('trial_'.length))} (on trial)`;
  if (counter.startsWith('list_')) return `list ${counter.slice('list_'.length)}`;
  return RULES[counter] ?? counter.replaceAll('_', ' ');
}

/** `99.98 %`; 100 only where nothing is missing. */
export function percent(ratio: number): string {
  const hundredths = ratio < 1 ? Math.min(9999, Math.floor(ratio * 10_000)) : 10_000;
  return `${(hundredths / 100).toFixed(hundredths % 100 === 0 ? 0 : 2)} %`;
}
