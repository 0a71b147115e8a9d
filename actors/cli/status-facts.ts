import { modeOf } from '../../core/config/mode.ts';
import type { Mode } from '../../core/respond/mode.ts';
import { isTrue, type Json, numberAt, objectIn, objectsIn, textAt } from './json.ts';

const MEANING: Readonly<Record<Mode, string>> = {
  observe: 'observe: the kernel is untouched',
  dry_run: "dry run: only an operator's blocks reach the kernel",
  enforce: 'enforce: findings block',
};

/** `/api/v1/status` for people, as labels and values. */
export function statusFacts(body: Json): readonly (readonly [string, string | undefined])[] {
  const automation = objectIn(body['automation']);
  const severities = objectIn(body['severities']);
  const count = (key: string) => `${numberAt(severities, key) ?? 0} ${key}`;
  const size = numberAt(body, 'store_size_mb');
  return [
    ['host', textAt(body, 'hostname')],
    ['version', textAt(body, 'version')],
    ['serial', textAt(body, 'serial')],
    ['status', withReason(textAt(body, 'status'), textAt(body, 'status_reason'))],
    ['running', textAt(body, 'uptime')],
    ['mode', modeText(body, automation)],
    ['firewall', firewallText(automation, objectIn(body['enforcement']))],
    ['blocked', blockedText(body, automation)],
    ...trialRows(objectIn(body['on_trial'])),
    ...restartRows(body['restart_pending']),
    ['findings', `${count('critical')}, ${count('high')}, ${count('warning')}`],
    [
      'store',
      `${isTrue(body, 'store_healthy') ? 'ok' : 'not healthy'}${size === undefined ? '' : `, ${size.toFixed(1)} MB`}`,
    ],
    ['controller', linkText(objectsIn(body['components']))],
    ...watcherRows(objectIn(body['watchers'])),
  ];
}

function modeText(body: Json, automation: Json): string {
  const mode = modeOf({
    firewall: { enabled: isTrue(automation, 'firewall_enabled') },
    auto_response: {
      enabled: isTrue(automation, 'auto_response_enabled'),
      dry_run: isTrue(automation, 'auto_response_dry_run'),
      block_ips: isTrue(automation, 'auto_response_block_ips'),
    },
  });
  return withReason(MEANING[mode], textAt(body, 'mode_reason'));
}

const withReason = <T extends string | undefined>(text: T, reason: string | undefined): T | string =>
  text === undefined || reason === undefined ? text : `${text} (${reason})`;

function firewallText(automation: Json, enforcement: Json): string {
  if (!isTrue(automation, 'firewall_enabled')) return 'off';
  if (!isTrue(automation, 'firewall_managed')) return 'NOT in force: see the components';
  const [ratio, lowest] = [numberAt(enforcement, 'ratio'), numberAt(enforcement, 'lowest_ratio')];
  if (ratio === undefined) return 'managed';
  const dipped = lowest === undefined || lowest >= ratio ? '' : `, ${percentOf(lowest)} at the lowest in five minutes`;
  return `managed, ${percentOf(ratio)} in force${dipped}`;
}

/** Rounded down: 100 % only when it is all. */
const percentOf = (ratio: number): string => `${Math.floor(ratio * 1000) / 10} %`;

function blockedText(body: Json, automation: Json): string | undefined {
  const addresses = numberAt(automation, 'firewall_blocked_ips');
  const networks = numberAt(automation, 'firewall_blocked_subnets') ?? 0;
  const pending = numberAt(body, 'blocks_pending') ?? 0;
  if (addresses === undefined) return undefined;
  return [
    `${addresses}`,
    ...(networks > 0 ? [`${networks} ${networks === 1 ? 'network' : 'networks'}`] : []),
    ...(pending > 0 ? [`${pending} waiting for their turn`] : []),
  ].join(', ');
}

function trialRows(trial: Json): readonly (readonly [string, string])[] {
  const summary = textAt(trial, 'summary');
  if (summary === undefined) return [];
  const left = numberAt(trial, 'seconds_remaining') ?? 0;
  return [['ON TRIAL', `${summary}: taken back in ${left} s unless somebody says: bartizan change confirm`]];
}

/** Nothing where there is to be no link. */
function linkText(components: readonly Json[]): string | undefined {
  const link = components.find((one) => textAt(one, 'name') === 'controller-link');
  const state = textAt(link ?? {}, 'state');
  if (link === undefined || state === undefined || state === 'off') return undefined;
  return withReason(state === 'ok' ? textAt(link, 'detail') : state, textAt(link, 'message'));
}

function restartRows(waiting: unknown): readonly (readonly [string, string])[] {
  const fields = Array.isArray(waiting) ? waiting.filter((one) => typeof one === 'string') : [];
  return fields.length === 0 ? [] : [['at a restart', `${fields.join(', ')} take effect: bartizan restart`]];
}

const watcherRows = (watchers: Json): readonly (readonly [string, string])[] =>
  Object.entries(watchers).map(([name, attached], i) => [
    i === 0 ? 'sources' : '',
    `${name}${attached === true ? '' : ' (not attached)'}`,
  ]);
