import { printable } from '../../core/base/printable.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { show } from './control.ts';
import type { CliDeps } from './deps.ts';
import { objectIn, textAt } from './json.ts';
import { sayFacts } from './say.ts';

/** Which device this is. */
export const identity = (invocation: Invocation, deps: CliDeps): Promise<ExitName> =>
  show(invocation, deps, '/identity', (body) => {
    const device = objectIn(body);
    const trouble = textAt(device, 'trouble');
    return sayFacts(deps, [
      ['serial', textAt(device, 'serial')],
      ['key', textAt(device, 'key_fingerprint')],
      ['public key', textAt(device, 'public_key')],
      ['trouble', trouble === undefined ? undefined : printable(trouble)],
    ]);
  });
