import { fail, ok, type Result } from '../../core/base/result.ts';
import type { NftResult } from '../../native/nft/index.ts';
import type { Firewall, FirewallState, FirewallTrials, KernelFirewall, ListUse } from '../firewall/index.ts';
import type { FirewallTrial } from '../settings/index.ts';

/** In these nothing is enforced: what the kernel may hold of an earlier run is nobody's trial. */
const NOT_ENFORCING: ReadonlySet<FirewallState> = new Set(['off', 'residual', 'removing', 'lingering']);

/** The firewall as a change of settings needs it. */
export const trialOfFirewall = (
  firewall: FirewallTrials & Pick<Firewall, 'state' | 'disable' | 'error'> & Pick<KernelFirewall, 'lists'>,
): FirewallTrial => ({
  arm: async (candidate, time, confirmed) => done(await firewall.arm(candidate, time, confirmed)),
  confirm: async () => {
    const confirmed = await firewall.confirm();
    // Confirmed already, by a call whose end nobody saw.
    return !confirmed.ok && confirmed.code === 'missing' ? ok(undefined) : done(confirmed);
  },
  abandon: async (confirmed) => done(await firewall.abandon(confirmed)),
  remove: async () => {
    await firewall.disable();
    if (firewall.state() === 'off') return ok(undefined);
    return fail('failed', `the kernel: ${firewall.error() ?? 'the table cannot be removed'}`);
  },
  rulesetText: (content) => firewall.rulesetText(content),
  isJudging: async (content) => {
    if (NOT_ENFORCING.has(firewall.state())) return ok(undefined);
    const judged = await firewall.judged();
    if (!judged.ok) return fail('failed', judged.public);
    if (judged.value === 'none') return ok(undefined);
    const isJudging = await firewall.isJudging(content);
    return isJudging.ok ? ok(isJudging.value) : fail('failed', isJudging.public);
  },
  holdsLists: async (tried) => {
    const absent = (): readonly ListUse[] =>
      NOT_ENFORCING.has(firewall.state()) ? [] : tried.filter(({ id }) => !firewall.lists.facts(id).inKernel);
    let loaded = await firewall.lists.changed();
    // News may have come while it was waited for.
    if (absent().length > 0) loaded = await firewall.lists.changed();
    const names = absent().map(({ name }) => name);
    if (names.length === 0) return ok(undefined);
    return fail(
      'failed',
      `the kernel does not hold ${names.join(', ')}: ${loaded.ok ? 'never loaded' : loaded.public}`,
    );
  },
});

const done = (result: NftResult<void>): Result<void, 'failed'> =>
  result.ok ? ok(undefined) : fail('failed', `the kernel: ${result.public}`);
