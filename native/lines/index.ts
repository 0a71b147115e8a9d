export * from './port.ts';

import { createRequire } from 'node:module';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { LineReader } from './port.ts';

/** What lines.node exports. */
interface LinesAddon {
  readonly Reader: new () => LineReader;
}

/** An engine of its own, for one thread. */
export function openLines(): Result<LineReader, 'rejected'> {
  try {
    const addon = createRequire(import.meta.url)('./lines.node') as LinesAddon;
    return ok(new addon.Reader());
  } catch (thrown) {
    return fail('rejected', `the lines addon does not run (\`npm run build\` makes it): ${messageOf(thrown)}`, thrown);
  }
}
