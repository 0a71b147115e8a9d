import type { Allows, FirewallTrail } from '../../../core/api/allows.ts';
import type { ChainedAuditRecord } from '../../../core/api/audit.ts';
import type { Desks } from '../../../core/api/deps.ts';
import type { Dispositions, SuppressRefusal } from '../../../core/api/dispositions.ts';
import type { EventPage, EventSearch, EventSearchRefusal } from '../../../core/api/event-search.ts';
import type { FirewallCounters } from '../../../core/api/firewall-counters.ts';
import type { History } from '../../../core/api/history.ts';
import type { MetricFacts } from '../../../core/api/metrics/facts.ts';
import { HttpMeter } from '../../../core/api/metrics/http-meter.ts';
import type { Stats } from '../../../core/api/stats.ts';
import { contains, parseCidr } from '../../../core/base/ip.ts';
import { fail, ok } from '../../../core/base/result.ts';
import type { HistoryRow } from '../../../core/incident/history.ts';
import { bucketsUpTo, countInto, EMPTY, opened } from '../../../core/incident/rollup.ts';
import type { Suppression } from '../../../core/incident/suppression.ts';
import { passing } from '../../../core/query/finding-history.ts';
import type { Query } from '../../../core/query/tree.ts';
import { type Allow, type AllowRefusal, type PortAllow, subjectOf } from '../../../core/respond/allow.ts';
import { CounterHistory } from '../../../core/respond/counter-history.ts';
import type { FirewallEvent } from '../../../core/respond/firewall-event.ts';
import { SettingsBench } from '../settings-bench.ts';
import { FakeAppliance, FINDING, ip, START } from './fake-appliance.ts';
import { FakeControllerLink } from './fake-controller-link.ts';
import { FakeImages } from './fake-images.ts';
import { FakeLists, LIST } from './fake-lists.ts';
import { FakePreviews } from './fake-previews.ts';
import { FakeUndo } from './fake-undo.ts';

const ONE = opened(EMPTY);
countInto(ONE, FINDING);

export const SUPPRESSION: Suppression = {
  id: '0a1b2c3d4e5f6071',
  check: 'ssh_bruteforce',
  pathPattern: '/home/*/tmp/*',
  reason: 'known scanner',
  at: START,
  actor: 'operator',
};

export const ALLOW: Allow = {
  subject: '198.51.100.0/24',
  reason: 'monitoring',
  origin: 'api',
  actor: 'operator',
  at: START,
  expiresAt: 'never',
};

export const AUDITED: ChainedAuditRecord = {
  at: START,
  action: 'dismiss',
  target: 'ssh_bruteforce:5 failed logins from 192.0.2.9 in 60 s',
  details: { why: 'seen' },
  actor: 'operator',
  principalKind: 'token',
  peer: '198.51.100.1',
  requestId: '019b7000-0000-7000-8000-000000000003',
  status: 200,
  serial: 1,
  prev: '0'.repeat(64),
  hash: 'a'.repeat(64),
};

export const EVENT_PAGE: EventPage = {
  rows: [
    {
      id: '3.41',
      line: {
        at: START,
        position: { source: 'f', offset: 400 },
        provenance: 'file',
        host: 'edge',
        program: 'sshd',
        pid: 812,
        category: 'authentication',
        action: 'ssh_failed_password',
        outcome: 'failure',
        user: 'root',
        sourceIp: ip('192.0.2.9'),
        fields: { realm: 'x' },
        message: 'Failed password for root from 192.0.2.9 port 40000 ssh2',
      },
    },
  ],
  complete: true,
  progress: { blocks: 2, done: 2, read: 1, rows: 900, matched: 1 },
  unreadable: 0,
};

/** Every desk over one fake appliance, which writes down what was asked of any of them. */
export class FakeDesks implements Desks {
  readonly appliance: FakeAppliance;
  readonly http = new HttpMeter();
  readonly bench = new SettingsBench();
  readonly settings = this.bench.settings;
  readonly changes = this.bench.changes;
  readonly previews = new FakePreviews();
  readonly lists = new FakeLists();
  readonly undo = new FakeUndo();
  readonly images = new FakeImages();
  readonly controllerLink = new FakeControllerLink();
  rows: readonly HistoryRow[] = [{ finding: FINDING, serial: 7 }];
  trail: readonly ChainedAuditRecord[] = [AUDITED];
  suppressRefusal: SuppressRefusal | undefined;
  allowed: readonly Allow[] = [ALLOW];
  portAllowed: readonly PortAllow[] = [];
  allowRefusal: AllowRefusal | undefined;
  replaced: Allow | undefined;
  events: readonly FirewallEvent[] = [
    { at: START, action: 'block', subject: '192.0.2.9', reason: 'ssh', origin: 'auto_response', expiresAt: 'never' },
  ];
  warning: { readonly warning?: string } = {};
  diskFails = false;
  /** Rows after which reading the history fails. */
  breaksAfter = Number.POSITIVE_INFINITY;
  /** How often somebody has begun to read it. */
  walks = 0;

  constructor(appliance = new FakeAppliance()) {
    this.appliance = appliance;
  }

  readonly meter = { read: () => this.#metrics() };

  readonly history: History = {
    page: async (filter, { limit, offset }) => {
      this.historyAsked.push({ filter, limit, offset });
      const found = this.rows.filter(passing(filter));
      return { rows: found.slice(offset, offset + limit), total: found.length, truncated: false };
    },
    newest: (filter, limit) => this.#newest(this.rows.filter(passing(filter)).slice(0, limit)),
  };
  readonly historyAsked: unknown[] = [];

  eventPage: EventPage = EVENT_PAGE;
  eventRefusal: EventSearchRefusal | undefined;
  readonly searched: { readonly query: Query; readonly budget: number }[] = [];
  readonly eventSearch: EventSearch = {
    page: async (query, { budget }) => {
      this.searched.push({ query, budget });
      const { eventRefusal: refusal } = this;
      return refusal === undefined ? ok(this.eventPage) : fail(refusal, `no: ${refusal}`);
    },
  };

  readonly stats: Stats = {
    series: (unit, count) =>
      bucketsUpTo(unit, START, count).map((start, i) => ({
        start,
        rollup: i === count - 1 ? ONE : EMPTY,
      })),
    lastCritical: () => START,
    bruteForce: () => ({ unique: 1, top: [{ ip: '192.0.2.9', count: 1 }] }),
    blocked: () => 3,
  };

  readonly allows: Allows = {
    list: () => this.allowed,
    ports: () => this.portAllowed,
    covering: (ip) =>
      this.allowed.find(({ subject }) => {
        const net = parseCidr(subject);
        return net.ok && contains(net.value, ip);
      }),
    allow: async (request) => {
      this.appliance.asked.push(['allow', request]);
      const { allowRefusal: refusal } = this;
      if (refusal !== undefined) return fail(refusal, `no: ${refusal}`);
      const { network, written: _, ...order } = request;
      const replaced = this.replaced === undefined ? {} : { replaced: this.replaced };
      return ok({ ...order, subject: subjectOf(network), at: START, ...replaced, ...this.warning });
    },
    disallow: async (network, by) => {
      this.appliance.asked.push(['disallow', network.text, by]);
      return this.diskFails ? fail('failed', 'no: disk') : ok(this.warning);
    },
  };

  readonly counters = new CounterHistory();
  readonly firewallCounters: FirewallCounters = { since: (from) => this.counters.since(from, START) };

  readonly firewallTrail: FirewallTrail = { newest: async (limit) => this.events.slice(0, limit) };

  readonly dispositions: Dispositions = {
    suppressions: () => [SUPPRESSION],
    suppress: async (request) => {
      this.appliance.asked.push(['suppress', request]);
      const { suppressRefusal: refusal } = this;
      return refusal === undefined ? ok(SUPPRESSION) : fail(refusal, `no: ${refusal}`);
    },
    unsuppress: async (id) => {
      this.appliance.asked.push(['unsuppress', id]);
      return this.diskFails ? fail('failed', 'no: disk') : ok(undefined);
    },
    dismiss: async (key, actor) => {
      this.appliance.asked.push(['dismiss', key, actor]);
      return this.diskFails ? fail('failed', 'no: disk') : ok(1);
    },
  };

  readonly auditTrail = { newest: async (limit: number) => this.trail.slice(0, limit) };

  async *#newest(rows: readonly HistoryRow[]) {
    this.walks++;
    yield* rows.slice(0, this.breaksAfter);
    if (rows.length > this.breaksAfter) throw new Error('the disk is gone');
  }

  async #metrics(): Promise<MetricFacts> {
    return {
      appliance: await this.appliance.facts(),
      blocked: this.appliance.blocks().length,
      allowed: this.allowed.length,
      findings: { warning: 0, high: 1, critical: 2 },
      decisions: [{ state: 'active', origin: 'auto_response', count: 2 }],
      dropped: [{ family: 4, packets: 3, bytes: 180 }],
      lists: [LIST],
      features: [{ feature: 'conn_rate', isCounting: true, packets: 5 }],
      http: this.http.read(),
      process: { cpuSeconds: 1.5, residentBytes: 1_048_576, startedAt: START, openFiles: 20 },
    };
  }
}
