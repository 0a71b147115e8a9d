import { existsSync, readFileSync } from 'node:fs';
import { doorAt } from '../../core/base/doors.ts';
import type { Log } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import type { Config } from '../../core/config/settings.ts';
import type { Mode } from '../../core/respond/mode.ts';
import { openHand } from '../../native/nft/hand/index.ts';
import { type NftPort, type NftResult, openNft } from '../../native/nft/index.ts';
import { unavailableNft } from './unavailable-nft.ts';

/** The way to the kernel's tables, and what it is called. */
export interface Kernel {
  readonly nft: NftPort;
  readonly engine: string;
  /** Opens another port, for what takes long; the hand serves one client. */
  readonly aside?: () => Promise<NftResult<NftPort>>;
}

export interface KernelDeps {
  readonly config: Pick<Config, 'firewall'>;
  readonly mode: Mode;
  readonly log: Log;
}

const ADDON = 'netlink addon';
const HAND = 'net hand';

/** Of CAP_NET_ADMIN in the sets of capabilities. */
const NET_ADMIN = 1n << 12n;

/** Whether the addon could do anything. */
function maySpeakToKernel(): boolean {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  return (BigInt(`0x${effective}`) & NET_ADMIN) !== 0n;
}

/**
 * By the net hand or by the addon, as `firewall.engine` says. What cannot be reached keeps nobody from observing; under
 * `auto` a hand that cannot be spoken to gives way to the addon where that may speak to the kernel, and is waited for
 * where it may not: the firewall says so then, and all else runs.
 */
export async function openKernel({ config, mode, log }: KernelDeps): Promise<Result<Kernel, 'failed'>> {
  const { engine, hand_socket, netns } = config.firewall;
  const socket = doorAt(hand_socket);
  const byHand = engine === 'hand' || (engine === 'auto' && existsSync(socket));
  const opened = byHand ? await openHand({ socket }) : undefined;
  if (opened?.ok) return ok({ nft: opened.value, engine: HAND });
  if (opened !== undefined && engine === 'hand') return unreachable({ mode, log }, HAND, opened);
  if (opened !== undefined) {
    log('warn', 'the net hand is there and of no use', { error: opened.public });
    if (!maySpeakToKernel()) return openWaiting(socket);
  }
  const aside = () => openNft(netns === undefined ? {} : { netns });
  const addon = await aside();
  return addon.ok ? ok({ nft: addon.value, engine: ADDON, aside }) : unreachable({ mode, log }, ADDON, addon);
}

async function openWaiting(socket: string): Promise<Result<Kernel, 'failed'>> {
  const waiting = await openHand({ socket, waits: true });
  return waiting.ok ? ok({ nft: waiting.value, engine: HAND }) : fail('failed', `nftables: ${waiting.public}`);
}

function unreachable(
  { mode, log }: Pick<KernelDeps, 'mode' | 'log'>,
  engine: string,
  why: Extract<NftResult<NftPort>, { readonly ok: false }>,
): Result<Kernel, 'failed'> {
  if (mode !== 'observe') return fail('failed', `nftables: ${why.public}`);
  log('warn', 'nftables cannot be reached; needed only to enforce', { error: why.public });
  return ok({ nft: unavailableNft(why), engine });
}
