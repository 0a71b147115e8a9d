export type * from './port.ts';

import { createRequire } from 'node:module';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { BlockPort } from './port.ts';

/** What blocks.node exports. */
interface BlocksAddon {
  readonly Packer: new () => BlockPort;
}

/** An engine of its own, for one thread. */
export function openBlocks(): Result<BlockPort, 'rejected'> {
  try {
    const addon = createRequire(import.meta.url)('./blocks.node') as BlocksAddon;
    return ok(new addon.Packer());
  } catch (thrown) {
    return fail('rejected', `the blocks addon does not run (\`npm run build\` makes it): ${messageOf(thrown)}`, thrown);
  }
}
