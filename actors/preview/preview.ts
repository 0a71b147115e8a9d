import type { PreviewOrder, PreviewRefusal, Previews } from '../../core/api/previews.ts';
import { canonicalIp, type Ip } from '../../core/base/ip.ts';
import type { Clock } from '../../core/base/ports.ts';
import { type Ok, ok, type Result } from '../../core/base/result.ts';
import { hours, type Millis, millis, seconds } from '../../core/base/time.ts';
import { cutSessions, cutSources, isLoopback, type Judge, judgeBy } from '../../core/change/judge-sources.ts';
import type { Preview } from '../../core/change/preview.ts';
import type { TcpSession } from '../../core/change/tcp-sessions.ts';
import { textDiff } from '../../core/change/text-diff.ts';
import type { Config } from '../../core/config/settings.ts';
import { shownChanges } from '../../core/config/shown-changes.ts';
import type { Query } from '../../core/query/tree.ts';
import type { PortAllow } from '../../core/respond/allow.ts';
import type { HostFeatures } from '../../core/respond/host-features.ts';
import type { SearchEvent, SearchFailure } from '../segments/index.ts';

/** What of the rules follows from the settings: networks in CIDR form, or addresses. */
export interface RuleNetworks {
  readonly infra: readonly string[];
  readonly denied: readonly string[];
  readonly features?: HostFeatures;
  /** What the bulk lists that count then say of an address; lists that were never loaded say nothing. */
  readonly listed?: (ip: Ip) => 'allow' | 'block' | undefined;
}

export interface PreviewParts {
  readonly clock: Pick<Clock, 'now'>;
  /** The settings as they are, and as they would be; nothing is written. */
  plan(
    order: Pick<PreviewOrder, 'section' | 'changes'>,
  ): Promise<Ok<{ readonly before: Config; readonly after: Config }> | PreviewRefusal>;
  /** What a config makes the kernel judge by, where another one follows or went before. */
  networksOf(config: Config, other: Config): RuleNetworks;
  /** The kernel's rules under these settings, as text for `nft -f`. */
  rulesText(networks: RuleNetworks): string;
  /** Addresses and networks that are let in whatever is blocked. */
  allowed(): readonly string[];
  /** Addresses that are let in to a port, whatever is blocked. */
  allowedPorts(): readonly Pick<PortAllow, 'subject' | 'port'>[];
  isBlocked(ip: Ip): boolean;
  /** Searches the events that are kept. */
  search(
    query: Query,
    settings: { readonly signal: AbortSignal; readonly budget: Millis },
  ): AsyncIterable<SearchEvent | SearchFailure>;
  /** Connections that are established now. */
  sessions(): Promise<Result<readonly TcpSession[], 'failed'>>;
}

const LOOK_BACK: Millis = hours(24);
/** For the search of the events; what was found by then counts. */
const BUDGET: Millis = seconds(10);
const MOST_SOURCES = 10_000;
const MOST_LINES = 500;

/** A finding that could not be made says why, and the rest is told all the same. */
export class ChangePreviews implements Previews {
  readonly #parts: PreviewParts;

  constructor(parts: PreviewParts) {
    this.#parts = parts;
  }

  async preview({ section, changes, peer, signal }: PreviewOrder): Promise<Ok<Preview> | PreviewRefusal> {
    const { plan, networksOf, rulesText, allowed, allowedPorts, isBlocked } = this.#parts;
    const planned = await plan({ section, changes });
    if (!planned.ok) return planned;
    const { before, after } = planned.value;
    const [was, willBe] = [networksOf(before, after), networksOf(after, before)];
    const ports = allowedPorts().filter(({ port }) => port.protocol === 'tcp');
    const atPorts = new Set(ports.map(({ subject, port }) => `${subject} ${port.port}`));
    const shared = { allowed: allowed(), allowedPorts: atPorts, isBlocked };
    const judges = { before: judgeBy({ ...was, ...shared }), after: judgeBy({ ...willBe, ...shared }) };
    const asking = canonicalIp(peer);
    const [sources, sessions] = await Promise.all([this.#sources(judges, signal), this.#sessions(judges, asking)]);
    return ok({
      settings: shownChanges(before, after),
      rules: { lines: textDiff(rulesText(was), rulesText(willBe), MOST_LINES) },
      sources,
      sessions,
      ...(asking === undefined ? {} : { you: youOf(asking, judges.after, sessions) }),
    });
  }

  async #sources(judges: Judges, signal: AbortSignal): Promise<Preview['sources']> {
    const until = this.#parts.clock.now();
    const from = millis(until - LOOK_BACK);
    const found = await this.#countSources({ from, until }, signal);
    const { cut, more } = cutSources(found.sources, judges.before, judges.after);
    return {
      from,
      until,
      seen: found.sources.length,
      cut,
      more: more || found.more,
      ...(found.unknown === undefined ? {} : { unknown: found.unknown }),
    };
  }

  async #countSources(
    { from, until }: { readonly from: Millis; readonly until: Millis },
    signal: AbortSignal,
  ): Promise<Counted> {
    const query: Query = {
      where: { op: 'exists', field: 'ip' },
      from,
      to: until,
      order: 'newest',
      limit: 1,
      count: { by: ['ip'], top: MOST_SOURCES },
    };
    let why = 'the search ended without an answer';
    for await (const event of this.#parts.search(query, { signal, budget: BUDGET })) {
      if (event.kind === 'refused' || event.kind === 'busy' || event.kind === 'failed') why = event.why;
      if (event.kind !== 'end') continue;
      const { rows = [], ungrouped = 0 } = event.counted ?? {};
      const sources = rows.flatMap(({ values: [value], count: events }) => {
        const ip = typeof value === 'string' ? canonicalIp(value) : undefined;
        return ip === undefined ? [] : [{ ip, events }];
      });
      return { sources, more: !event.complete || ungrouped > 0 || rows.length >= MOST_SOURCES };
    }
    return { sources: [], more: false, unknown: `the events could not be searched: ${why}` };
  }

  async #sessions(judges: Judges, asking: Ip | undefined): Promise<Preview['sessions']> {
    const read = await this.#parts.sessions();
    if (!read.ok) return { seen: 0, cut: [], cutsYou: false, more: false, unknown: read.public };
    return { seen: read.value.length, ...cutSessions(read.value, { ...judges, asking }) };
  }
}

interface Judges {
  readonly before: Judge;
  readonly after: Judge;
}

interface Counted {
  readonly sources: readonly { readonly ip: Ip; readonly events: number }[];
  readonly more: boolean;
  readonly unknown?: string;
}

function youOf(ip: Ip, after: Judge, { cut, cutsYou }: Preview['sessions']): NonNullable<Preview['you']> {
  const { passes, by } = after(ip);
  if (isLoopback(ip) || !passes || !cutsYou) return { ip, cut: !passes && !isLoopback(ip), by };
  return { ip, cut: true, by: cut.find(({ yours }) => yours)?.by ?? by };
}
