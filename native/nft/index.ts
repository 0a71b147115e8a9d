export type * from './declaration.ts';
export type * from './port.ts';
export { addressFamily, countersOf, meterLife, metersOf, meterText, rateText, targetOf } from './rules.ts';

import { createRequire } from 'node:module';
import { messageOf } from '../../core/base/result.ts';
import { failure, namespaceRefusal, refuse } from './failure.ts';
import type { NftPort, NftResult } from './port.ts';
import { decodeAnswer, encodeEnter } from './wire.ts';
import { type EngineLink, WireNft } from './wire-port.ts';

/** What nft.node exports: an engine on a thread of its own. */
interface NftAddon {
  readonly Port: new () => EngineLink;
}

const MAX_NETNS_BYTES = 255;

/**
 * nftables of this process's network namespace, or of `netns`: a name under /run/netns or an absolute path. Only the
 * port's own thread enters it. An open port does not keep the process alive, a call under way does. Opening succeeds
 * without privileges; the calls that need them answer `denied`.
 */
export async function openNft(options: { readonly netns?: string } = {}): Promise<NftResult<NftPort>> {
  const { netns } = options;
  if (netns === '') return refuse('firewall.netns is empty: name a network namespace or leave it out');
  if (netns !== undefined && Buffer.byteLength(netns) > MAX_NETNS_BYTES) {
    return refuse(`a network namespace's name is at most ${MAX_NETNS_BYTES} bytes`);
  }
  const loaded = start();
  if (!loaded.ok) return loaded;
  const link = loaded.value;
  if (netns !== undefined) {
    const entered = decodeAnswer(await link.call(encodeEnter(netns)));
    if (!entered.ok) {
      await link.close();
      const { code, errno, reason } = entered;
      return code === 'invalid' ? refuse(reason) : namespaceRefusal(code, errno, netns);
    }
  }
  return { ok: true, value: new WireNft(link) };
}

function start(): NftResult<EngineLink> {
  try {
    const addon = createRequire(import.meta.url)('./nft.node') as NftAddon;
    return { ok: true, value: new addon.Port() };
  } catch (thrown) {
    return failure('rejected', 0, `the nftables addon does not run (\`npm run build\` makes it): ${messageOf(thrown)}`);
  }
}
