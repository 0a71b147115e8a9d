import type { FirewallContent } from '../../actors/firewall/index.ts';
import type { FirewallTrial } from '../../actors/settings/index.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { sameValue } from '../../core/config/change.ts';

/** The kernel's rules on trial, in memory: judges by the candidate for as long as its time is not over. */
export class FakeFirewallTrial implements FirewallTrial {
  confirmed: FirewallContent;
  /** The kernel takes nothing. */
  isBroken = false;
  readonly asked: string[] = [];
  #candidate: { readonly content: FirewallContent; readonly time: { left(): number } } | undefined;

  constructor(confirmed: FirewallContent = { infra: [], denied: [] }) {
    this.confirmed = confirmed;
  }

  async arm(content: FirewallContent, time: { left(): number }, confirmed: FirewallContent) {
    return this.#do('arm', () => {
      this.confirmed = confirmed;
      this.#candidate = { content, time };
    });
  }

  async confirm() {
    return this.#do('confirm', () => {
      if (this.#candidate !== undefined) this.confirmed = this.#candidate.content;
      this.#candidate = undefined;
    });
  }

  async abandon(confirmed: FirewallContent) {
    return this.#do('abandon', () => {
      this.confirmed = confirmed;
      this.#candidate = undefined;
    });
  }

  async remove() {
    return this.#do('remove', () => {});
  }

  rulesetText(content: FirewallContent | 'none'): string {
    if (content === 'none') return 'none\n';
    const { infra, denied } = content;
    return `infra ${infra.join(' ')}\ndenied ${denied.join(' ')}\n`;
  }

  async isJudging(content: FirewallContent) {
    return ok(sameValue(this.judging, content));
  }

  async holdsLists(lists: readonly { readonly name: string }[]) {
    return this.#do(`lists ${lists.map(({ name }) => name).join()}`, () => {});
  }

  get judging(): FirewallContent {
    const { content, time } = this.#candidate ?? {};
    return content !== undefined && time !== undefined && time.left() > 0 ? content : this.confirmed;
  }

  #do(what: string, change: () => void): Result<void, 'failed'> {
    this.asked.push(what);
    if (this.isBroken) return fail('failed', 'the kernel refused');
    change();
    return ok(undefined);
  }
}
