import { Type } from 'typebox';
import { contains, type ParsedIp, parseCidr, parseIp } from '../../base/ip.ts';
import { coveredBy } from '../../base/prefixes.ts';
import { fail, ok, type Result } from '../../base/result.ts';
import { protectedNetworks } from '../../respond/protected.ts';
import { type ApiDeps, endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import { undoToken } from '../undo.ts';
import { UndoToken } from './operator.ts';

const Body = Type.Object({ ip: Type.String({ maxLength: 64 }) });

const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'];

/** An address that CSM takes here: of one sender out in the world. Ranges for documentation are. */
export function senderAddress(text: string): Result<ParsedIp, 'bad_ip' | 'not_public'> {
  const ip = parseIp(text.trim());
  if (!ip.ok) return ip;
  const [value, shown] = [ip.value, ip.value.text];
  const kind = coveredBy(value, protectedNetworks([], []))?.why ?? (isPrivate(value) ? 'private' : undefined);
  return kind === undefined ? ok(value) : fail('not_public', `${shown} is no address of a sender: ${kind}`);
}

const isPrivate = (ip: ParsedIp): boolean =>
  PRIVATE.some((text) => {
    const net = parseCidr(text);
    return net.ok && contains(net.value, ip);
  });

export const unban = endpoint({
  name: 'unban',
  method: 'POST',
  path: '/api/v1/firewall/unban',
  scope: 'admin',
  summary:
    'Set an address free: lift its block and the first one of a network around it, and forget what counts against it; answers 200 whatever is asked',
  body: Body,
  example: { body: { ip: '192.0.2.7' } },
  response: Type.Object({
    success: Type.Boolean(),
    ip: Type.String(),
    subnet_removed: Type.Optional(Type.String()),
    error_msg: Type.Optional(Type.String({ description: 'Only when success is false' })),
    undo_token: UndoToken,
    warning: Type.Optional(Type.String({ description: 'Own: what could not follow yet, or blocks it still' })),
  }),
  errors: [],
  audit: { action: 'unban', target: 'ip', details: ['subnet_removed', 'success'] },
  handler: async ({ deps, body, context: { principal } }) => {
    const failed = (ip: string, error_msg: string) => ({
      ok: true as const,
      value: { success: false, ip: ip.slice(0, 64), error_msg, undo_token: '' },
    });
    const subject = subjectOf(deps, body.ip);
    if (!subject.ok) return failed(body.ip, subject.public);
    const ip = subject.value.text;
    const lifted = await deps.appliance.unban({ ip, actor: principal.name });
    if (!lifted.ok) return failed(ip, lifted.public);
    const { network, reversal, warning } = lifted.value;
    const told = await deps.appliance.forget(ip);
    const around = deps.appliance.networkBlockOf(ip);
    const warnings = [
      ...(warning === undefined ? [] : [warning]),
      ...(told.ok ? [] : [told.public]),
      ...(around === undefined || around.network === network ? [] : [`${around.network} is blocked still`]),
    ].join('; ');
    const order = { action: 'unban', inverse: 'firewall_bulk_reblock', summary: `Set ${ip} free`, reversal } as const;
    return {
      ok: true,
      value: {
        success: true,
        ip,
        ...(network === undefined ? {} : { subnet_removed: network }),
        undo_token: undoToken(deps.undo, principal, order),
        ...(warnings === '' ? {} : { warning: warnings }),
      },
    };
  },
});

/** What is blocked can be set free, whatever its address. */
function subjectOf({ appliance }: Pick<ApiDeps, 'appliance'>, text: string) {
  const ip = parseIp(text.trim());
  const isBlocked =
    ip.ok && (appliance.blockOf(ip.value.text) ?? appliance.networkBlockOf(ip.value.text)) !== undefined;
  return isBlocked ? ip : senderAddress(text);
}

export const cphulkClear = endpoint({
  name: 'cphulkClear',
  method: 'POST',
  path: '/api/v1/firewall/cphulk-clear',
  scope: 'admin',
  summary: 'Forget what the checks count against an address so far; what is blocked stays blocked',
  body: Body,
  example: { body: { ip: '192.0.2.7' } },
  response: Type.Object({ status: Type.Literal('flushed'), ip: Type.String() }),
  errors: ['bad_request', 'unavailable'],
  audit: { action: 'cphulk_clear', target: 'ip' },
  handler: async ({ deps: { appliance }, body }) => {
    const ip = senderAddress(body.ip);
    if (!ip.ok) return refuse('bad_request', ip.public);
    const told = await appliance.forget(ip.value.text);
    if (!told.ok) return refuse('unavailable', told.public, told.cause);
    return { ok: true, value: { status: 'flushed' as const, ip: ip.value.text } };
  },
});
