import type {
  BaseChain,
  ChainDeclaration,
  CtState,
  LogDeclaration,
  LogLevel,
  Match,
  Protocol,
  Rate,
  RuleDeclaration,
  VerdictDeclaration,
} from './declaration.ts';
import { DEFAULT_LEVEL, targetOf } from './rules.ts';
import type { Sink } from './wire-bytes.ts';

/** Chains and rules as bytes: see engine/wire.h. */
const HOOK: Readonly<Record<BaseChain['hook'], number>> = { prerouting: 0, input: 1, forward: 2, output: 3 };
const NO_HOOK = 255;
const MATCH: Readonly<Record<Match['match'], number>> = {
  iif: 0,
  saddr: 1,
  family: 2,
  daddr: 3,
  'saddr+port': 4,
  nfproto: 5,
  protocol: 6,
  dport: 7,
  ct: 8,
  syn: 9,
  icmp: 10,
  local: 11,
  over: 12,
  connections: 13,
};
const PROTOCOL: Readonly<Record<Protocol, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58 };
const STATE: Readonly<Record<CtState, number>> = { invalid: 1, established: 2, related: 4, new: 8 };
const SPAN: Readonly<Record<Rate['per'], number>> = { second: 0, minute: 1, hour: 2 };
const LEVEL: Readonly<Record<LogLevel, number>> = { err: 3, warn: 4, notice: 5, info: 6, debug: 7 };
const [DROP, ACCEPT, GOTO, JUMP, RETURN, CONTINUE] = [0, 1, 2, 3, 4, 5];
const [NO_LOG, TO_KERNEL, TO_GROUP] = [0, 1, 2];

export function writeChain(out: Sink, chain: ChainDeclaration): void {
  out.text(chain.name);
  if (chain.hook === undefined) out.u8(NO_HOOK).u32(0);
  else out.u8(HOOK[chain.hook]).u32(chain.priority);
  out.u16(chain.rules.length);
  for (const rule of chain.rules) writeRule(out, rule);
}

function writeRule(out: Sink, { when, counter = '', log, verdict }: RuleDeclaration): void {
  out.u8(when.length);
  for (const match of when) writeMatch(out.u8(MATCH[match.match]), match);
  writeLog(out.text(counter), log);
  out.u8(verdictCode(verdict)).text(targetOf(verdict) ?? '');
}

function writeMatch(out: Sink, match: Match): void {
  switch (match.match) {
    case 'iif':
      out.text(match.name);
      return;
    case 'saddr':
    case 'daddr':
    case 'saddr+port':
    case 'family':
      out.text(match.set);
      return;
    case 'nfproto':
      out.u8(match.family);
      return;
    case 'protocol':
      out.u8(PROTOCOL[match.protocol]);
      return;
    case 'dport':
      out.u8(PROTOCOL[match.protocol]);
      if ('set' in match) out.u16(0).text(match.set);
      else out.u16(match.port).text('');
      return;
    case 'ct':
      out.u8(match.states.reduce((mask, state) => mask | STATE[state], 0));
      return;
    case 'icmp':
      out.u8(match.family).u8(match.types.length);
      for (const type of match.types) out.u8(type);
      return;
    case 'over':
      writeRate(out, match.rate).text(match.per ?? '');
      return;
    case 'connections':
      out.u32(match.over).text(match.per);
      return;
    case 'syn':
    case 'local':
      return;
  }
}

const writeRate = (out: Sink, { packets, per, burst }: Rate): Sink => out.u32(packets).u8(SPAN[per]).u32(burst);

function writeLog(out: Sink, log: LogDeclaration | undefined): void {
  if (log === undefined) {
    out.u8(NO_LOG);
    return;
  }
  if (log.group !== undefined) out.u8(TO_GROUP).u16(log.group);
  else out.u8(TO_KERNEL).u16(LEVEL[log.level ?? DEFAULT_LEVEL]);
  writeRate(out.text(log.prefix), log.rate);
}

function verdictCode(verdict: VerdictDeclaration): number {
  switch (verdict) {
    case 'drop':
      return DROP;
    case 'accept':
      return ACCEPT;
    case 'return':
      return RETURN;
    case 'continue':
      return CONTINUE;
    default:
      return 'goto' in verdict ? GOTO : JUMP;
  }
}
