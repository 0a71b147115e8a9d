import type { Clock, Log } from '../base/ports.ts';
import { messageOf } from '../base/result.ts';
import { seconds } from '../base/time.ts';
import type { AuditRecord, AuditSink } from './audit.ts';
import type { AuditDeclaration, RequestContext } from './endpoint.ts';
import { LATE, within } from './within.ts';

/** How long an answer waits for its record to be durable. */
const PATIENCE = seconds(5);

export interface AuditDesk {
  readonly audit: AuditSink;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Hands in the record of a write and waits for it, so that whoever was told of success can find it in the log. What was
 * done stays done when the record cannot be kept; the process log then holds it.
 */
export async function keepRecord({ audit, clock, log }: AuditDesk, record: AuditRecord): Promise<void> {
  try {
    const kept = await within(clock, PATIENCE, audit(record));
    if (kept === LATE) log('error', 'audit record is not durable yet', { ...record });
  } catch (thrown) {
    log('error', 'audit record was not kept', { ...record, cause: messageOf(thrown) });
  }
}

export interface AuditedCall {
  readonly declaration: AuditDeclaration;
  readonly context: RequestContext;
  /** Query and path parameters. */
  readonly query: unknown;
  readonly body: unknown;
  /** Value of the reply; `undefined` when it was refused. */
  readonly reply: unknown;
  readonly status: number;
}

export function recordOf({ declaration, context, status, ...call }: AuditedCall, clock: Clock): AuditRecord {
  const { action, of, target = '', shown = asItIs, details = [] } = declaration;
  const { query, body, reply } = call;
  const kept = details.flatMap((name) => {
    const value = fieldOf(body, name) ?? fieldOf(reply, name);
    if (Array.isArray(value)) return [[name, value.filter(isPlain).join(' ')] as const];
    return isPlain(value) ? [[name, value] as const] : [];
  });
  const { principal, peer, requestId } = context;
  const whose = of === undefined ? undefined : fieldOf(reply, of);
  return {
    at: clock.now(),
    action: isPlain(whose) ? `${action}_${whose}` : action,
    target: shown(String(fieldOf(reply, target) ?? fieldOf(body, target) ?? fieldOf(query, target) ?? '')),
    details: Object.fromEntries(kept),
    actor: principal.name,
    principalKind: principal.kind,
    peer,
    requestId,
    status,
  };
}

const asItIs = (target: string): string => target;

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;

const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
