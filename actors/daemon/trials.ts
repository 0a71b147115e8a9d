import type { Previews } from '../../core/api/previews.ts';
import { type Ip, makeCidr, parseIp } from '../../core/base/ip.ts';
import type { Log } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import type { Word } from '../../core/change/change.ts';
import { sectionOf } from '../../core/config/sections.ts';
import type { Config } from '../../core/config/settings.ts';
import { submitted } from '../../core/config/submitted.ts';
import { meta } from '../../core/keys/records.ts';
import type { Topics } from '../appliance/index.ts';
import type { Bus } from '../bus/index.ts';
import {
  type ApiTarget,
  type ChangeService,
  changeService,
  type ProbeDeps,
  Probes,
  pendingSnapshot,
  systemTools,
} from '../change/index.ts';
import { systemClock, systemRandom } from '../clock/index.ts';
import { allowedPortElement, type FirewallContent } from '../firewall/index.ts';
import type { ApplianceHost } from '../host/index.ts';
import type { OpenConfig } from '../host-integration/config-file/index.ts';
import { ChangePreviews, type PreviewParts, readTcpSessions } from '../preview/index.ts';
import { contentAmong, contentBeside, type Follow, SettingsSubject } from '../settings/index.ts';
import type { Records } from '../store/index.ts';
import { confirmedContent } from './confirmed-content.ts';
import type { DataPlane } from './data-plane.ts';
import { connectedHere } from './enforcement.ts';
import type { Foundation } from './foundation.ts';
import { trialOfFirewall } from './trial-of-firewall.ts';

export interface TrialParts {
  readonly opened: OpenConfig;
  readonly foundation: Foundation;
  readonly plane: DataPlane;
  readonly bus: Bus<Topics>;
  readonly log: Log;
  readonly follow: Follow;
  /** Absent where this machine is no appliance. */
  readonly host: ApplianceHost | undefined;
  /** Where the API is to be found. */
  readonly api: () => Result<ApiTarget, 'failed'>;
  /** Ends the process so that it is started anew. */
  readonly restart: () => void;
}

/** Changes on trial, what is found out about them while they are, and before they are made. */
export function makeTrials(parts: TrialParts): { readonly changes: ChangeService; readonly previews: Previews } {
  const { opened, foundation, plane, bus, log, follow, host, restart } = parts;
  const probes = new Probes(probeDeps(parts));
  const changes = changeService({
    stateDirectory: opened.stateDir,
    records: foundation.store.records,
    clock: systemClock,
    random: systemRandom,
    log,
    subjects: [
      new SettingsSubject({
        file: opened.file,
        firewall: trialOfFirewall(plane.firewall),
        ...(host === undefined ? {} : { host }),
        follow,
        fetchLists: (config, lists) => plane.lists.fetchFirst(config, lists),
        probes: (change) => probes.for(change),
        log,
      }),
    ],
    requestRestart: (after) => void systemClock.after(after, restart),
    publish: (change) => bus.publish('change', { change }),
  });
  return { changes, previews: new ChangePreviews(previewParts(parts)) };
}

function probeDeps({ opened, foundation, plane, api }: TrialParts): ProbeDeps {
  const { identity } = foundation.identity;
  return {
    tools: systemTools,
    stateDirectory: opened.stateDir,
    api,
    rules: async ({ parts }, sources) => {
      const elements = elementsFor(plane, opened.file.inEffect, sources);
      const textOf = (content: FirewallContent): string =>
        plane.firewall.rulesetText(withListed(plane, content, sources)) + elements;
      const confirmed = textOf(await confirmedContent(opened.file, await pendingSnapshot(opened.stateDir)));
      return ok({ confirmed, candidate: textOf(contentAmong(parts, opened.file.loaded.config)) });
    },
    connected: connectedHere,
    checkStore: () => checkStore(foundation.store.records),
    isCredentialGood: ({ origin, actor }: Word) =>
      origin === 'cli' || origin === 'controller'
        ? undefined
        : identity
            .tokens()
            .some(({ name, state, scopes }) => name === actor && state === 'active' && scopes.includes('admin')),
  };
}

/** The content with what its lists do to these addresses written out, since texts name no lists. */
function withListed({ listBook }: DataPlane, content: FirewallContent, sources: readonly Ip[]): FirewallContent {
  const said = (what: 'allow' | 'block') => sources.filter((ip) => listBook.judge(content, ip) === what);
  return { ...content, infra: [...content.infra, ...said('allow')], denied: [...content.denied, ...said('block')] };
}

/** What of the sets that both rulesets share touches these addresses, as text for `nft -f`. */
function elementsFor(plane: DataPlane, { firewall: { table } }: Config, sources: readonly Ip[]): string {
  const lines = sources.flatMap((ip) => {
    const parsed = parseIp(ip);
    if (!parsed.ok) return [];
    const { family, bytes } = parsed.value;
    const own = makeCidr(family, bytes, family === 4 ? 32 : 128).text;
    const network = plane.networkBlockOf(ip)?.network;
    return [
      ...(plane.allows.covering(parsed.value) === undefined ? [] : [[`allowed${family}`, own]]),
      ...(plane.ledger.of(ip) === undefined ? [] : [[`blocked${family}`, ip]]),
      ...(network === undefined ? [] : [[`blocked_nets${family}`, network]]),
    ];
  });
  const atPorts = plane.allows.ports().filter(({ subject }) => sources.includes(subject as Ip));
  for (const { set, key } of atPorts.map(allowedPortElement)) lines.push([set, key]);
  return lines.map(([set, element]) => `add element inet ${table} ${set} { ${element} }\n`).join('');
}

/** One record, written through to the disk and read back. */
async function checkStore(records: Records): Promise<Result<void, 'failed'>> {
  const written = systemClock.now();
  const saved = await records.write((writes) => writes.put(meta, ['probe'], written), { sync: true });
  if (!saved.ok) return fail('failed', saved.public, saved.cause);
  return (await records.get(meta, ['probe'])) === written ? ok(undefined) : fail('failed', 'a record was not kept');
}

function previewParts({ opened: { file }, plane }: TrialParts): PreviewParts {
  return {
    clock: systemClock,
    plan: async ({ section: name, changes: sent }) => {
      const section = sectionOf(name);
      if (section === undefined) return fail('unknown_section', `there is no section "${name}"`);
      const { config: before } = file.loaded;
      const { changes, problems } = submitted(section, sent, before);
      if (problems.length > 0) return { ...fail('invalid', 'fields are wrong'), problems };
      const planned = file.plan(changes);
      if (planned.ok) return ok({ before, after: planned.value.config });
      const wrong =
        'problems' in planned
          ? planned.problems.map(({ key, message }) => ({ field: key, message }))
          : [{ field: '', message: planned.public }];
      return { ...fail('invalid', planned.public), problems: wrong };
    },
    networksOf: (config, other) => {
      const content = contentBeside(config, other);
      return { ...content, listed: (ip) => plane.listBook.judge(content, ip) };
    },
    rulesText: (content) => plane.firewall.rulesetText(content),
    allowed: () => plane.allows.list().map(({ subject }) => subject),
    allowedPorts: () => plane.allows.ports(),
    isBlocked: (ip) => plane.ledger.of(ip) !== undefined || plane.networkBlockOf(ip) !== undefined,
    search: (query, settings) => plane.segments.search(query, settings),
    sessions: readTcpSessions,
  };
}
