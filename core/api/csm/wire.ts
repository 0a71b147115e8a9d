import { Type } from 'typebox';
import type { Component } from '../../base/component.ts';
import { type Deadline, type Millis, millis, rfc3339 } from '../../base/time.ts';
import { SEVERITIES, type Severity } from '../../detect/finding.ts';
import type { Origin } from '../../respond/decision.ts';

/** CSM's integers: 0 warning, 1 high, 2 critical. */
export const severityInt = (severity: Severity): number => SEVERITIES.indexOf(severity);

export const Count = Type.Integer({ minimum: 0 });

/** Counts by severity, as the statistics have them. */
export const SeverityCounts = Type.Object({ critical: Count, high: Count, warning: Count, total: Count });

export const severityCounts = ({ critical, high, warning }: Readonly<Record<Severity, number>>) => ({
  critical,
  high,
  warning,
  total: critical + high + warning,
});

/** CSM's words for who made a block. It knows no other API client than its web interface. */
export const BLOCK_SOURCES: Readonly<Record<Origin, string>> = {
  auto_response: 'auto_response',
  web_ui: 'web_ui',
  api: 'web_ui',
  cli: 'cli',
  controller: 'web_ui',
  recovered: 'unknown',
};

/** `""` stands for never. */
export const wireDeadline = (deadline: Deadline): string => (deadline === 'never' ? '' : rfc3339(deadline));

/** `23h59m`, `12m`, `45s`, `permanent`. */
export function expiresIn(deadline: Deadline, now: Millis): string {
  if (deadline === 'never') return 'permanent';
  const left = Math.max(0, Math.floor((deadline - now) / 1000));
  if (left < 60) return `${left}s`;
  const [h, m] = [Math.floor(left / 3600), Math.floor((left % 3600) / 60)];
  return h > 0 ? `${h}h${m}m` : `${m}m`;
}

/** `45s ago`, `12m ago`, `3h ago`, `5d ago`. */
export function ago(at: Millis, now: Millis): string {
  const passed = Math.max(0, Math.floor((now - at) / 1000));
  if (passed < 60) return `${passed}s ago`;
  if (passed < 3600) return `${Math.floor(passed / 60)}m ago`;
  return passed < 86_400 ? `${Math.floor(passed / 3600)}h ago` : `${Math.floor(passed / 86_400)}d ago`;
}

/** Components that bring events in, by the kind of source that their name begins with. */
export const isWatcher = ({ name }: Component): boolean => /^(?:file|journal|syslog):/.test(name);

/** Reading its source, with or without loss. */
export const isAttached = ({ state }: Component): boolean => state === 'ok' || state === 'degraded';

export const uptime = ({ now, startedAt }: { readonly now: Millis; readonly startedAt: Millis }): Millis =>
  millis(Math.max(0, now - startedAt));
