import { markdownTable } from '../base/markdown.ts';
import { millis, shortDuration } from '../base/time.ts';
import { CHECK_NAMES, CHECKS, type CheckName, SLIDING_CHECKS } from './checks.ts';
import type { ResponseGrant } from './detector.ts';
import { CHECK_SETTINGS, type CheckSetting } from './settings.ts';
import type { SlidingCheck } from './sliding/sliding-check.ts';

/** `docs/checks.md`, made from the declarations. */
export function checksDocument(): string {
  const categories = [...new Set(CHECK_NAMES.map((name) => CHECKS[name].info.category))];
  const parts = [HEAD];
  for (const category of categories) {
    const names = CHECK_NAMES.filter((name) => CHECKS[name].info.category === category);
    parts.push(`## ${category}`, ...names.flatMap(partsOf));
  }
  return `${parts.join('\n\n')}\n`;
}

const HEAD = `# Checks

<!-- Made from core/detect/checks.ts; do not edit. -->

What Bartizan looks for in the events it reads. \`disabled_checks\` turns checks off by name; thresholds and windows are set
under \`thresholds\`, see [configuration](configuration.md).

## How checks count

**Source.** An address by its network: an IPv4 address by itself, an IPv6 address by its /64, since whoever has one address of
a /64 has all of them; \`thresholds.source_ipv4_prefix\` and \`source_ipv6_prefix\` set other lengths. **Account.** A user on a
host.

**Window.** By the time that the log gives, not by the clock. The window of a source or account is as long as set and ends with
the latest event counted for it: an event exactly one window older is no longer in it. A line that comes late is counted where it
belongs, unless it is older than the window. Other sources do not move a window, so a log that lags is judged by its own time.

**Finding.** The event that brings the count to the threshold makes the finding. Then the count starts afresh, and the source or
account is quiet for this check until one window after the latest event that counted: an attack that goes on is found again when
it reaches the threshold anew. A line that stands for several ("message repeated 5 times") counts for several.

**Different values.** Where different users, paths, ports, accounts or sources are counted, the newest event of each counts.
Names and paths are told apart by their first 256 characters.

**Trust.** A finding is as trustworthy as the least trustworthy event that counted, from best: \`kernel\`, \`journal\`, \`file\`,
\`authenticated\`, \`spoofable\`. Each check says below whether it may block and how far its events must be trusted for that; what
anybody could have sent never blocks.

**Memory.** All checks share one budget (64 MiB unless set otherwise). Beyond it the group of checks that holds most forgets
first: of what is known of sources, those with one event before those with several, the longest silent first. An attacker with very
many addresses makes other addresses with a single event be forgotten, not those that keep coming back.`;

function partsOf(name: CheckName): readonly string[] {
  const { info } = CHECKS[name];
  const settings = CHECK_SETTINGS.filter(({ check }) => check === name);
  const said = [`${info.description}.`, countedText(name), `Severity ${info.severity}. ${grantText(info.response)}`];
  return [`### ${name}`, said.filter((text) => text !== '').join('\n'), ...tableOf(settings)];
}

function countedText(name: CheckName): string {
  if (name === 'ssh_login_unknown_ip')
    return 'Counted by user and source; each login from a source that is not known is a finding.';
  const check: SlidingCheck = SLIDING_CHECKS[name];
  const by = `Counted by ${check.stream.key}`;
  if (check.threshold === undefined)
    return `${by}; each such event is a finding${check.window > 0 ? ', one in a while' : ''}.`;
  const least = check.triesAtMost === undefined ? '' : `, each tried at most ${check.triesAtMost} times`;
  const what = check.measure === 'values' ? `different ${check.threshold.noun}${least}` : check.threshold.noun;
  return `${by}: ${what}.`;
}

const grantText = (grant: ResponseGrant): string =>
  grant.kind === 'block'
    ? `May block the address, when all that counted is at least \`${grant.least}\`.`
    : `Blocks nothing: ${grant.why}.`;

function tableOf(settings: readonly CheckSetting[]): readonly string[] {
  if (settings.length === 0) return [];
  const rows = settings.map(({ key, kind, preset, minimum, maximum, description }) => [
    `\`${key}\``,
    `\`${textOf(kind, preset)}\``,
    `${textOf(kind, minimum)} to ${textOf(kind, maximum)}`,
    description,
  ]);
  return [markdownTable(['key', 'default', 'allowed', 'meaning'], rows)];
}

const textOf = (kind: CheckSetting['kind'], value: number): string =>
  kind === 'count' ? String(value) : shortDuration(millis(value));
