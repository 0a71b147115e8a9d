import type { Allows } from '../../core/api/allows.ts';
import type { Appliance } from '../../core/api/appliance.ts';
import type { AuditSink } from '../../core/api/audit.ts';
import { type Cidr, type Ip, parseCidr, parseIp } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Deadline, type Millis, millis, plus } from '../../core/base/time.ts';
import type { Changes } from '../../core/change/changes.ts';
import { redacted } from '../../core/config/change.ts';
import type { Config } from '../../core/config/settings.ts';
import type { CommandOf } from '../../core/link/order.ts';
import { subjectOf } from '../../core/respond/allow.ts';
import type {
  By,
  Deeds,
  DesiredDesk,
  FleetListDesk,
  OrderNote,
  OrdersDesk,
  Outcome,
} from '../controller-link/index.ts';
import { bundleOf } from './bundle.ts';

export interface OrdersDeskParts {
  readonly appliance: Pick<Appliance, 'block' | 'blockNetwork' | 'unblock' | 'unblockNetwork' | 'facts' | 'blockOf'>;
  readonly allows: Pick<Allows, 'allow' | 'disallow' | 'list'>;
  readonly changes: Changes;
  readonly desired: DesiredDesk;
  readonly lists: FleetListDesk;
  readonly config: () => Config;
  /** Text of the rules as confirmed. */
  readonly ruleset: () => string;
  /** Log lines since then. */
  readonly logSince: (from: Millis) => string;
  /** What can be looked at anew, by name; each resolves when it was. */
  readonly scans: Readonly<Record<string, () => Promise<string>>>;
  readonly audit: AuditSink;
  readonly restart: () => void;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** What the appliance does when a controller orders it. */
export function ordersDesk(parts: OrdersDeskParts): OrdersDesk {
  const { changes, desired, lists, restart } = parts;
  return { changes, desired, lists, restart, deeds: deedsOf(parts), audit: (note) => audited(parts, note) };
}

const deedsOf = (parts: OrdersDeskParts): Deeds => ({
  block: (command, by) => block(parts, command, by),
  unblock: (command, by) => unblock(parts, command, by),
  allow: (command, by) => allow(parts, command, by),
  remove_allow: (command, by) => removeAllow(parts, command, by),
  scan: ({ what }) => scan(parts, what),
  diagnostics: ({ log }, by) => diagnostics(parts, log, by),
});

const done = (text: string): Outcome => ({ state: 'done', text });

/** The appliance's own words for what is refused; what the kernel or the disk did is a failure. */
const not = ({ code, public: text }: { readonly code: string; readonly public: string }): Outcome => ({
  state: code === 'failed' ? 'failed' : 'refused',
  code,
  text,
});

/** A length counts from when the order was taken; undefined: it is over. */
function endOf(lasts: Millis | 'forever', by: By, now: Millis): Deadline | undefined {
  if (lasts === 'forever') return 'never';
  const end = plus(by.acceptedAt, lasts);
  return end > now ? end : undefined;
}

const OVER = done('its time was over before it could be done');

async function block({ appliance, clock }: OrdersDeskParts, command: CommandOf<'block'>, by: By): Promise<Outcome> {
  const expiresAt = endOf(command.lasts, by, clock.now());
  if (expiresAt === undefined) return OVER;
  const { target, reason } = command;
  const about = { reason, expiresAt, origin: 'controller', actor: by.actor, peer: 'local' } as const;
  if (target.includes('/')) {
    const network = networkOf(target);
    const blocked = await appliance.blockNetwork({ network, ...about });
    return blocked.ok ? done(`${target} is blocked`) : not(blocked);
  }
  const ip = target as Ip;
  const there = by.isAgain ? appliance.blockOf(ip) : undefined;
  if (there?.actor === by.actor && there.expiresAt === expiresAt) return done(`${target} is blocked`);
  const blocked = await appliance.block({ ip, ...about });
  return blocked.ok ? done(`${target} is blocked`) : not(blocked);
}

async function unblock({ appliance }: OrdersDeskParts, { target }: CommandOf<'unblock'>, by: By): Promise<Outcome> {
  const { actor } = by;
  const lifted = await (target.includes('/')
    ? appliance.unblockNetwork({ network: target, actor })
    : appliance.unblock({ ip: target as Ip, actor }));
  if (lifted.ok) return done(`${target} is not blocked any more`);
  return lifted.code === 'not_blocked' ? done(`${target} was not blocked`) : not(lifted);
}

async function allow(
  { allows, clock }: OrdersDeskParts,
  { target, reason, lasts }: CommandOf<'allow'>,
  by: By,
): Promise<Outcome> {
  const expiresAt = endOf(lasts, by, clock.now());
  if (expiresAt === undefined) return OVER;
  const network = networkOf(target);
  const [subject, { actor }] = [subjectOf(network), by];
  const isThere = allows
    .list()
    .some((one) => one.subject === subject && one.actor === actor && one.expiresAt === expiresAt);
  if (by.isAgain && isThere) return done(`${target} is allowed`);
  const allowed = await allows.allow({ network, reason, origin: 'controller', actor, expiresAt });
  return allowed.ok ? done(`${target} is allowed`) : not(allowed);
}

async function removeAllow(
  { allows }: OrdersDeskParts,
  { target }: CommandOf<'remove_allow'>,
  { actor }: By,
): Promise<Outcome> {
  const gone = await allows.disallow(networkOf(target), { actor, origin: 'controller', peer: 'local' });
  return gone.ok ? done(`${target} is not allowed any more`) : not(gone);
}

/** Orders name addresses and networks in canonical form; one of those that was read is one. */
function networkOf(target: string): Cidr {
  const ip = target.includes('/') ? undefined : parseIp(target);
  const net = parseCidr(ip?.ok ? `${target}/${ip.value.family === 4 ? 32 : 128}` : target);
  if (!net.ok) throw new Error(net.public);
  return net.value;
}

async function scan({ scans }: OrdersDeskParts, what: string): Promise<Outcome> {
  const chosen = what === '' ? Object.keys(scans) : [what];
  const texts: string[] = [];
  for (const name of chosen) {
    const run = Object.hasOwn(scans, name) ? scans[name] : undefined;
    if (run === undefined) {
      const known = Object.keys(scans).join(', ');
      return { state: 'refused', code: 'unknown_scan', text: `what can be looked at is ${known}` };
    }
    texts.push(`${name}: ${await run()}`);
  }
  return done(texts.join('; '));
}

async function diagnostics(parts: OrdersDeskParts, back: Millis, by: By): Promise<Outcome> {
  const { appliance, config, ruleset, logSince, clock } = parts;
  const { components, ...status } = await appliance.facts();
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  const now = clock.now();
  const detail = await bundleOf(
    [
      { name: 'status.json', text: json(status) },
      { name: 'components.json', text: json(components) },
      { name: 'config.json', text: json(redacted(config())) },
      { name: 'ruleset.nft', text: ruleset() },
      { name: 'log.jsonl', text: logSince(millis(Math.min(now, by.acceptedAt) - back)) },
    ],
    now,
  );
  return { state: 'done', text: 'tar.gz of status, components, config, ruleset and log', detail };
}

/** Orders stand in the audit log beside what people do here. */
async function audited({ audit, clock, log }: OrdersDeskParts, note: OrderNote): Promise<void> {
  const { action, target, actor, details, order = '', isRefused, broker } = note;
  try {
    await audit({
      at: clock.now(),
      action,
      target,
      details,
      actor,
      principalKind: actor === '' ? 'anonymous' : 'controller',
      peer: broker,
      requestId: order,
      status: isRefused ? 403 : 200,
    });
  } catch (cause) {
    log('error', 'an order could not be audited', { action, error: messageOf(cause) });
  }
}
