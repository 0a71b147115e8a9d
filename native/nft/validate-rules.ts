import type {
  BaseChain,
  ChainDeclaration,
  LogDeclaration,
  Match,
  Rate,
  RuleDeclaration,
  SetDeclaration,
  SetFamily,
  TableDeclaration,
  VerdictDeclaration,
} from './declaration.ts';
import { refuse } from './failure.ts';
import { isPort, shorten } from './keys.ts';
import type { NftFailure } from './port.ts';
import { familyOf, isMeter, meterLife, protocolOf, SPAN_MS, targetOf } from './rules.ts';
import { checkDistinct, checkName, firstRefusal, NAME } from './validate-names.ts';
import { checkWays } from './validate-ways.ts';

const MAX_CHAINS = 64;
/** Of one chain. */
const MAX_RULES = 1024;
/** Of one table: a transaction must fit the socket's buffer. */
const MAX_ALL_RULES = 8192;
const MAX_MATCHES = 16;
/** Of one table. */
const MAX_ALL_MATCHES = 65_536;
/** Conditions of several ICMP types in one table: the kernel keeps a set without a name for each, and looks at all to name one. */
const MAX_TYPE_LISTS = 256;
const MAX_TYPES = 64;
const MOST = 1_000_000;
const MAX_GROUP = 65_535;
/** How long a bucket may take to fill, ms. */
const LONGEST_FILL = 86_400_000;

const INTERFACE = /^(?!\.{1,2}$)[A-Za-z0-9_.@-]{1,15}$/;
const PREFIX = /^[A-Za-z0-9 _.:=-]{1,63}$/;
const HOOKS: readonly unknown[] = ['prerouting', 'input', 'forward', 'output'] satisfies BaseChain['hook'][];
const PROTOCOLS: readonly unknown[] = ['tcp', 'udp', 'icmp', 'icmpv6'];
const STATES: readonly unknown[] = ['new', 'established', 'related', 'invalid'];
const LEVELS: readonly unknown[] = ['err', 'warn', 'notice', 'info', 'debug'];
const VERDICTS: readonly unknown[] = ['accept', 'drop', 'return', 'continue'];

/** What a rule may name. */
interface Scope {
  readonly sets: ReadonlyMap<string, SetDeclaration>;
  readonly chains: ReadonlyMap<string, ChainDeclaration>;
  /** Dynamic sets that a rule before fills. */
  readonly metered: Set<string>;
}

/** Chains and rules that the engine would refuse, in words that say which. */
export function checkChains(table: TableDeclaration): NftFailure | undefined {
  const { sets, chains } = table;
  if (chains.length > MAX_CHAINS) return refuse(`a table has at most ${MAX_CHAINS} chains`);
  if (chains.reduce((count, { rules }) => count + rules.length, 0) > MAX_ALL_RULES) {
    return refuse(`a table has at most ${MAX_ALL_RULES} rules`);
  }
  const costly = costFault(chains.flatMap(({ rules }) => rules.flatMap(({ when }) => when)));
  if (costly !== undefined) return refuse(costly);
  const scope: Scope = {
    sets: new Map(sets.map((set) => [set.name, set])),
    chains: new Map(chains.map((chain) => [chain.name, chain])),
    metered: new Set(),
  };
  return (
    firstRefusal(chains, (chain) => checkChain(chain, scope)) ?? checkDistinct('chain', chains) ?? checkWays(chains)
  );
}

/** What is sound by itself may be too much together: the transaction holds up whatever else changes tables. */
function costFault(matches: readonly Match[]): string | undefined {
  if (matches.length > MAX_ALL_MATCHES) return `the rules of a table have at most ${MAX_ALL_MATCHES} conditions`;
  const lists = matches.filter((match) => match.match === 'icmp' && match.types.length > 1);
  return lists.length > MAX_TYPE_LISTS
    ? `a table has at most ${MAX_TYPE_LISTS} conditions of several ICMP types`
    : undefined;
}

function checkChain(chain: ChainDeclaration, scope: Scope): NftFailure | undefined {
  const name = shorten(chain.name);
  if (chain.hook !== undefined) {
    if (!HOOKS.includes(chain.hook)) return refuse(`chain ${name}: hook must be one of ${HOOKS.join(', ')}`);
    if (chain.priority !== (chain.priority | 0)) return refuse(`chain ${name}: priority must be a 32-bit whole number`);
  }
  if (chain.rules.length > MAX_RULES) return refuse(`chain ${name}: at most ${MAX_RULES} rules`);
  return (
    checkName('chain name', chain.name) ??
    firstRefusal(chain.rules, (rule, i) => {
      const fault = ruleFault(rule, scope);
      return fault === undefined ? undefined : refuse(`chain ${name}, rule ${i + 1}: ${fault}`);
    })
  );
}

function ruleFault(rule: RuleDeclaration, scope: Scope): string | undefined {
  const { when, counter, log, verdict } = rule;
  if (when.length > MAX_MATCHES) return `a rule has at most ${MAX_MATCHES} conditions`;
  for (const match of when) {
    const fault = matchFault(match, scope);
    if (fault !== undefined) return fault;
  }
  if (counter !== undefined && !NAME.test(counter)) {
    return `counter name "${shorten(counter)}" must be 1-31 of A-Z a-z 0-9 _`;
  }
  return (
    disagreement(when, scope) ??
    verdictFault(verdict, scope) ??
    (log === undefined ? undefined : logFault(log, verdict)) ??
    (verdict === 'continue' && counter === undefined && log === undefined
      ? 'it neither counts, logs nor decides'
      : undefined)
  );
}

/** A packet is of one family and one protocol: who asks for two means something else. */
function disagreement(when: readonly Match[], { sets }: Scope): string | undefined {
  if (new Set(when.flatMap((match) => familyOf(match, sets) ?? [])).size > 1)
    return 'it asks for IPv4 and IPv6 at once';
  const protocols = new Set(when.flatMap((match) => protocolOf(match) ?? []));
  return protocols.size > 1 ? `it asks for ${[...protocols].join(' and ')} at once` : undefined;
}

function matchFault(match: Match, scope: Scope): string | undefined {
  switch (match.match) {
    case 'iif':
      return INTERFACE.test(match.name) ? undefined : `"${shorten(match.name)}" is not an interface name`;
    case 'saddr':
    case 'daddr':
      return setFault(match.set, [4, 6], scope);
    case 'saddr+port':
      return setFault(match.set, ['4+port', '6+port'], scope);
    case 'family':
      return setFault(match.set, ['either'], scope);
    case 'nfproto':
      return match.family === 4 || match.family === 6 ? undefined : 'a family is 4 or 6';
    case 'protocol':
      return PROTOCOLS.includes(match.protocol) ? undefined : `a protocol is one of ${PROTOCOLS.join(', ')}`;
    case 'dport':
      return portFault(match, scope);
    case 'ct':
      return statesFault(match.states);
    case 'syn':
    case 'local':
      return undefined;
    case 'icmp':
      return typesFault(match);
    case 'over':
      return rateFault(match.rate) ?? (isMeter(match) ? meterFault(match.per, true, scope) : undefined);
    case 'connections':
      return isCount(match.over) ? meterFault(match.per, false, scope) : `connections are 1 to ${MOST}`;
    default:
      return 'there is no such condition';
  }
}

function setFault(name: string, families: readonly SetFamily[], { sets }: Scope): string | undefined {
  const set = sets.get(name);
  if (set === undefined) return `the table declares no set "${shorten(name)}"`;
  if (!families.includes(set.family)) return `set ${set.name} holds other keys: its family is ${set.family}`;
  return set.dynamic ? `set ${set.name} is a meter: its elements say who was seen, not who is beyond` : undefined;
}

function portFault(match: Extract<Match, { readonly match: 'dport' }>, scope: Scope): string | undefined {
  if (match.protocol !== 'tcp' && match.protocol !== 'udp') return 'ports are of tcp or udp';
  if ('set' in match) return setFault(match.set, ['port'], scope);
  return isPort(match.port) ? undefined : 'a port is 1 to 65535';
}

function statesFault(states: readonly unknown[]): string | undefined {
  const sound = states.length > 0 && states.every((state) => STATES.includes(state));
  return sound && new Set(states).size === states.length ? undefined : `states are some of ${STATES.join(', ')}`;
}

function typesFault({ family, types }: Extract<Match, { readonly match: 'icmp' }>): string | undefined {
  if (family !== 4 && family !== 6) return 'a family is 4 or 6';
  const sound = types.every((type) => Number.isInteger(type) && type >= 0 && type <= 255);
  const isSet = types.length >= 1 && types.length <= MAX_TYPES && new Set(types).size === types.length;
  return sound && isSet ? undefined : `ICMP types are 1 to ${MAX_TYPES} different numbers from 0 to 255`;
}

function rateFault(rate: Rate): string | undefined {
  const { packets, per, burst } = rate;
  if (!isCount(packets) || !isCount(burst)) return `the packets and the burst of a rate are 1 to ${MOST}`;
  if (!Object.hasOwn(SPAN_MS, per)) return 'a rate is per second, minute or hour';
  return meterLife(rate) > LONGEST_FILL ? 'the burst of a rate takes longer than a day to fill again' : undefined;
}

function meterFault(name: string, timeout: boolean, { sets, metered }: Scope): string | undefined {
  const set = sets.get(name);
  if (!set?.dynamic) return `the table declares no dynamic set "${shorten(name)}"`;
  if (set.timeout !== timeout)
    return `set ${name} must be declared ${timeout ? 'with' : 'without'} timeouts to count this`;
  if (metered.has(name)) return `set ${name} is filled by another rule already`;
  metered.add(name);
  return undefined;
}

function verdictFault(verdict: VerdictDeclaration, { chains }: Scope): string | undefined {
  if (typeof verdict !== 'object') {
    return VERDICTS.includes(verdict) ? undefined : `a verdict is ${VERDICTS.join(', ')}, goto or jump`;
  }
  const target = targetOf(verdict);
  const chain = chains.get(`${target}`);
  if (chain === undefined) return `the table declares no chain "${shorten(`${target}`)}"`;
  return chain.hook === undefined ? undefined : `chain ${chain.name} has a hook: no rule leads there`;
}

function logFault({ prefix, rate, level, group }: LogDeclaration, verdict: VerdictDeclaration): string | undefined {
  if (verdict !== 'continue') return 'a rule that logs continues: packets beyond the rate would escape its verdict';
  if (!PREFIX.test(prefix)) return `log prefix "${shorten(prefix)}" must be 1-63 of A-Z a-z 0-9, space and _.:=-`;
  if (level !== undefined && !LEVELS.includes(level)) return `a log level is one of ${LEVELS.join(', ')}`;
  if (group !== undefined && !(Number.isInteger(group) && group >= 0 && group <= MAX_GROUP)) {
    return `an nflog group is 0 to ${MAX_GROUP}`;
  }
  if (group !== undefined && level !== undefined) return 'a log goes to the kernel log or to a group';
  return rateFault(rate);
}

const isCount = (number: number): boolean => Number.isInteger(number) && number >= 1 && number <= MOST;
