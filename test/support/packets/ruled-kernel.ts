import { contentOf, type FirewallContent, type KernelFirewall, type ListUse } from '../../../actors/firewall/index.ts';
import { contentId, type DecisionId } from '../../../core/base/ids.ts';
import { canonicalIp, type Ip } from '../../../core/base/ip.ts';
import type { Clock } from '../../../core/base/ports.ts';
import { millis, minutes, plus } from '../../../core/base/time.ts';
import type { NftPort, NftResult } from '../../../native/nft/index.ts';
import { loaded } from '../../unit/core/config/surroundings.ts';
import type { Settings } from '../chain-model.ts';
import { cidrs } from '../cidrs.ts';
import { EPOCH } from '../events.ts';
import { FirewallSite } from '../firewall-site.ts';
import { columnsFrom } from '../lists.ts';
import { MARKER, type Mix, type Source, type Trial } from './mixes.ts';

/** Of a trial that is to be over when packets come. */
const SHORT = millis(20);
const LONG = minutes(10);

/** As the product reads them from its configuration. */
const contentFor = ({ infra, denied, features }: Omit<Settings, 'lists'>): FirewallContent =>
  contentOf(loaded(JSON.stringify({ infra_ips: infra, firewall: { ...features, denied_networks: denied } })).config);

const idOf = (subject: string): DecisionId => contentId(EPOCH, ['block', subject]) as DecisionId;

/** One kernel, real or not, that the product's own firewall takes from mix to mix. */
export class RuledKernel {
  readonly #site = new FirewallSite();
  readonly #firewall: KernelFirewall;
  readonly #clock: Clock;
  readonly #fallBack: (isOver: () => Promise<boolean>) => Promise<void>;

  /** @param fallBack brings about the end of a trial, of which it is told by `isOver` */
  constructor(nft: NftPort, clock: Clock, fallBack: (isOver: () => Promise<boolean>) => Promise<void>) {
    this.#firewall = this.#site.on(nft, clock, { infra: [MARKER], denied: [] });
    this.#clock = clock;
    this.#fallBack = fallBack;
  }

  async open(): Promise<void> {
    await this.#firewall.enable();
    if (this.#firewall.state() !== 'enforcing') throw new Error(this.#firewall.error());
  }

  /** From whatever the rules are, by the steps the product takes. */
  async turnTo({ allowed, allowedPorts, blocked, blockedNetworks, lists, trial, ...settings }: Mix): Promise<void> {
    const firewall = this.#firewall;
    const uses = this.#read('kept', lists);
    done(await firewall.abandon({ ...contentFor(settings), lists: uses }));
    done(await firewall.lists.changed());
    await this.#block(blocked.flatMap((text) => canonicalIp(text) ?? []));
    this.#site.networks = cidrs(...blockedNetworks).map(({ text }) => ({
      network: text,
      id: idOf(text),
      expiresAt: 'never',
    }));
    done(await firewall.blockNetworks());
    this.#site.allowed = cidrs(...allowed);
    this.#site.atPorts = allowedPorts.map(({ source, protocol, port }) => ({
      subject: source,
      port: { protocol, port },
    }));
    done(await firewall.letIn());
    if (trial !== undefined) await this.#try(trial);
  }

  /** Each a new generation of a list of its own. */
  #read(prefix: 'kept' | 'tried', lists: readonly Source[]): readonly ListUse[] {
    return lists.map(({ networks, ...use }, i) => {
      const name = `${prefix}${i}`;
      const id = `${use.kind} ${use.mode} ${name}`;
      this.#site.lists.set(id, columnsFrom(networks.join('\n')));
      return { ...use, name, id };
    });
  }

  close(): Promise<void> {
    return this.#firewall.close();
  }

  async #block(wanted: readonly Ip[]): Promise<void> {
    const { blocks } = this.#site;
    const gone = [...blocks.keys()].filter((ip) => !wanted.includes(ip));
    const fresh = wanted
      .filter((ip) => !blocks.has(ip))
      .map((ip) => ({ ip, id: idOf(ip), expiresAt: 'never' }) as const);
    for (const ip of gone) blocks.delete(ip);
    for (const block of fresh) blocks.set(block.ip, block);
    if (gone.length > 0) done(await this.#firewall.release(gone));
    if (fresh.length > 0) done(await this.#firewall.enforce(fresh));
  }

  async #try({ standing, lists, ...settings }: Trial): Promise<void> {
    const candidate: FirewallContent = { ...contentFor(settings), lists: this.#read('tried', lists) };
    const deadline = plus(this.#clock.now(), standing === 'fell back' ? SHORT : LONG);
    done(await this.#firewall.arm(candidate, { left: () => millis(deadline - this.#clock.now()) }));
    done(await this.#firewall.lists.changed());
    if (standing === 'confirmed') done(await this.#firewall.confirm());
    if (standing === 'fell back') await this.#fallBack(async () => done(await this.#firewall.judged()) === 'confirmed');
  }
}

function done<V>(result: NftResult<V>): V {
  if (!result.ok) throw new Error(result.public);
  return result.value;
}
