import { type Cidr, contains, type Ip, parseCidr, parseIp } from '../../base/ip.ts';
import { detached } from '../trail/texts.ts';

/** A search engine's crawler, and where it really comes from. */
export interface KnownBot {
  readonly name: string;
  /** Part of the user agents that claim to be it, in lower case. */
  readonly agent: string;
  /** Networks in CIDR form, as its operator publishes them. */
  readonly networks: readonly string[];
}

/** What the web checks know of user agents; configured, or as shipped. */
export interface AgentLists {
  /** Parts of user agents of tools that scan and attack, in lower case. */
  readonly badAgents: readonly string[];
  readonly knownBots: readonly KnownBot[];
}

/** Where the event carries a verdict of its own, from a check of the address's name: `genuine` or `false`. */
export const VERDICT_FIELD = 'bot_verdict';

/** Agents seen before are remembered with what was found out, since most requests come from a few; half a megabyte at most. */
const REMEMBERED = 1024;
/** Of an agent so many characters are looked at. */
const LONGEST = 512;

export interface AgentTraits {
  readonly isBad: boolean;
  /** What its text claims to be. */
  readonly bot: KnownBot | undefined;
}

/** Tells what user agents are. */
export class AgentReader {
  readonly #lists: AgentLists;
  readonly #networks: ReadonlyMap<KnownBot, readonly Cidr[]>;
  readonly #known = new Map<string, AgentTraits>();
  readonly #isInjected: (agent: string) => boolean;

  /** @param isInjected whether the text is an injected command */
  constructor(lists: AgentLists, isInjected: (agent: string) => boolean) {
    this.#lists = lists;
    this.#isInjected = isInjected;
    this.#networks = new Map(
      lists.knownBots.map((bot) => [
        bot,
        bot.networks.flatMap((text) => {
          const net = parseCidr(text);
          return net.ok ? [net.value] : [];
        }),
      ]),
    );
  }

  read(agent: string): AgentTraits {
    const known = this.#known.get(agent);
    if (known !== undefined) return known;
    const text = agent.slice(0, LONGEST).toLowerCase();
    const traits = {
      isBad: this.#lists.badAgents.some((part) => text.includes(part)) || this.#isInjected(agent),
      bot: this.#lists.knownBots.find((bot) => text.includes(bot.agent)),
    };
    if (agent.length <= LONGEST) {
      if (this.#known.size >= REMEMBERED) this.#known.clear();
      this.#known.set(detached(agent), traits);
    }
    return traits;
  }

  /** Whether the address is one of the bot's. */
  isOf(bot: KnownBot, address: Ip): boolean {
    const ip = parseIp(address);
    return ip.ok && (this.#networks.get(bot)?.some((net) => contains(net, ip.value)) ?? false);
  }
}
