export type * from '../port.ts';

import { failure, refuse } from '../failure.ts';
import type { NftPort, NftResult } from '../port.ts';
import { WireNft } from '../wire-port.ts';
import { HandLink, type HandLinkOptions } from './link.ts';

/** A socket's address holds no longer path. */
const MAX_PATH_BYTES = 107;

/**
 * nftables of the namespace in which the net hand runs that listens at `socket`. The hand refuses whatever would cut what
 * its floor names, touch another table than its own, or lose blocks for good: the port answers `invalid` then, with its
 * words. Fails when no hand is there, or another process is connected already; once open, it connects again by itself.
 * @param options with `waits` the port is there at once, and its calls fail until a hand is
 */
export async function openHand(options: HandLinkOptions & { readonly waits?: boolean }): Promise<NftResult<NftPort>> {
  const { socket, waits = false } = options;
  if (!socket.startsWith('/') || Buffer.byteLength(socket) > MAX_PATH_BYTES) {
    return refuse(`a hand's socket is an absolute path of at most ${MAX_PATH_BYTES} bytes`);
  }
  const link = new HandLink(options);
  if (waits) return { ok: true, value: new WireNft(link) };
  const trouble = await link.attempted();
  if (trouble === undefined) return { ok: true, value: new WireNft(link) };
  await link.close();
  return failure('rejected', 0, `the net hand at ${socket}: ${trouble}`);
}
