import { printable, printableJson } from '../../core/base/printable.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import type { AuditVerdict, VerifiedAudit } from '../audit/index.ts';
import type { CliDeps } from './deps.ts';
import { complain, say, sayFacts } from './say.ts';

/** Says whether the audit log is whole, and whose signature it ends with. */
export async function verify({ values, flags }: Invocation, deps: CliDeps): Promise<ExitName> {
  const verdict = judged(await deps.verify(values['state']), values['key']);
  if (flags.has('json')) {
    await say(deps, `${printableJson(verdict.ok ? wholeJson(verdict.value) : faultJson(verdict))}\n`);
  } else if (verdict.ok) {
    const { records, head, signedBy = 'nobody' } = verdict.value;
    await sayFacts(deps, [
      ['audit log', `whole, ${records} ${records === 1 ? 'record' : 'records'}`],
      ['head', head],
      ['signed by', signedBy],
    ]);
  } else await complain(deps, printable(verdict.public));
  return verdict.ok ? 'ok' : verdict.code === 'faulty' ? 'refused' : 'failed';
}

/** A chain that is whole, and signed by another key than the one that is expected, is somebody else's. */
function judged(verdict: AuditVerdict, key: string | undefined): AuditVerdict {
  if (!verdict.ok || key === undefined || verdict.value.signedBy === key) return verdict;
  const by = verdict.value.signedBy ?? 'nobody';
  return { ok: false, code: 'faulty', public: `the head is signed by ${by}, not by ${key}` };
}

const wholeJson = ({ records, head, signedBy }: VerifiedAudit) => ({
  result: 'whole',
  records,
  head,
  ...(signedBy === undefined ? {} : { signed_by: signedBy }),
});

const faultJson = ({ code, public: message }: Extract<AuditVerdict, { readonly ok: false }>) => ({
  result: code,
  message,
});
