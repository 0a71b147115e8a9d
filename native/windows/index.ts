export * from './port.ts';

import { createRequire } from 'node:module';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { WindowEngines } from './port.ts';

/** For one thread. */
export function openWindows(): Result<WindowEngines, 'rejected'> {
  try {
    return ok(createRequire(import.meta.url)('./windows.node') as WindowEngines);
  } catch (thrown) {
    return fail(
      'rejected',
      `the windows addon does not run (\`npm run build\` makes it): ${messageOf(thrown)}`,
      thrown,
    );
  }
}
