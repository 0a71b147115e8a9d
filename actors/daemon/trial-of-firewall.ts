import { fail, ok, type Result } from '../../core/base/result.ts';
import type { NftResult } from '../../native/nft/index.ts';
import type { FirewallTrials } from '../firewall/index.ts';
import type { FirewallTrial } from '../settings/index.ts';

/** The firewall as a change of settings needs it. */
export const trialOfFirewall = (firewall: FirewallTrials): FirewallTrial => ({
  arm: async (candidate, time) => done(await firewall.arm(candidate, time)),
  confirm: async () => {
    const confirmed = await firewall.confirm();
    // Confirmed already, by a call whose end nobody saw.
    return !confirmed.ok && confirmed.code === 'missing' ? ok(undefined) : done(confirmed);
  },
  abandon: async () => done(await firewall.abandon()),
  rulesetText: (content) => firewall.rulesetText(content),
  isJudging: async (content) => {
    const judged = await firewall.judged();
    if (!judged.ok) return fail('failed', judged.public);
    if (judged.value === 'none') return ok(undefined);
    const isJudging = await firewall.isJudging(content);
    return isJudging.ok ? ok(isJudging.value) : fail('failed', isJudging.public);
  },
});

const done = (result: NftResult<void>): Result<void, 'failed'> =>
  result.ok ? ok(undefined) : fail('failed', `the kernel: ${result.public}`);
