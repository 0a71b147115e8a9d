import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { SEVERITIES } from '../../core/detect/finding.ts';
import { show } from './control.ts';
import type { CliDeps } from './deps.ts';
import { type Json, numberAt, objectIn, objectsIn, textAt } from './json.ts';
import { say, sayFacts, sayTable } from './say.ts';
import { statusFacts } from './status-facts.ts';

export const status = (invocation: Invocation, deps: CliDeps): Promise<ExitName> =>
  show(invocation, deps, '/status', (body) => sayFacts(deps, statusFacts(objectIn(body))));

export const health = (invocation: Invocation, deps: CliDeps): Promise<ExitName> =>
  show(invocation, deps, '/health', (body) => {
    const facts = objectIn(body);
    return sayFacts(deps, [
      ['running', textAt(facts, 'uptime') ?? 'yes'],
      ['checks', numberAt(facts, 'rules_loaded')?.toString()],
      ['log watchers', numberAt(facts, 'log_watchers')?.toString()],
    ]);
  });

export const findings = (invocation: Invocation, deps: CliDeps): Promise<ExitName> =>
  show(invocation, deps, '/findings', (body) => {
    const rows = objectsIn(body).map((finding) => [
      textAt(finding, 'last_seen') ?? textAt(finding, 'time') ?? '',
      severityOf(finding),
      textAt(finding, 'check') ?? '',
      textAt(finding, 'message') ?? '',
    ]);
    if (rows.length === 0) return say(deps, 'no active findings\n');
    return sayTable(deps, { heads: ['LAST SEEN', 'SEVERITY', 'CHECK', 'MESSAGE'], rows });
  });

const severityOf = (finding: Json): string => {
  const severity = numberAt(finding, 'severity');
  return severity === undefined ? '' : (SEVERITIES[severity] ?? String(severity));
};
