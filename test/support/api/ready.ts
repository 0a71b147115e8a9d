import type { Endpoint } from '../../../core/api/endpoint.ts';
import { undoToken } from '../../../core/api/undo.ts';
import { minutes } from '../../../core/base/time.ts';
import { NOTHING_TO_REVERSE } from '../../../core/respond/reversal.ts';
import type { Undoable } from '../../../core/respond/undo.ts';
import { WORD } from '../settings-bench.ts';
import { decision } from './fake-appliance.ts';
import { FakeDesks } from './fake-desks.ts';
import { FakeTrials } from './fake-trials.ts';
import { ApiHarness } from './harness.ts';

/** Endpoints that end a trial, which has to be under way. */
const ENDS_A_TRIAL: readonly string[] = ['settingsConfirm', 'settingsRevert'];

/** Endpoints about one change, which has to be there. */
const NAMES_A_TRIAL: readonly string[] = ['change', 'confirmChange', 'revertChange'];

const OPERATOR = { kind: 'token', name: 'operator', scopes: ['admin'] } as const;

const UNDOABLE: Undoable = {
  action: 'block_ip',
  inverse: 'threat_bulk_unblock',
  summary: 'Blocked 192.0.2.9',
  reversal: { ...NOTHING_TO_REVERSE, made: [decision('192.0.2.9')] },
};

const withTrial = (): FakeDesks =>
  Object.assign(new FakeDesks(), { changes: Object.assign(new FakeTrials(), { lasts: true }) });

/** A harness in which the endpoint, well asked, does what it is for. */
export async function readyFor({ name }: Endpoint<never>): Promise<ApiHarness> {
  if (NAMES_A_TRIAL.includes(name)) return new ApiHarness({}, withTrial());
  const api = new ApiHarness();
  if (name === 'undoRun' || name === 'undoPending') undoToken(api.desks.undo, OPERATOR, UNDOABLE);
  if (!ENDS_A_TRIAL.includes(name)) return api;
  const changes = [{ path: 'firewall.on_stop', value: 'remove' }];
  const begun = await api.desks.settings.tryOut({ changes, seen: 'anything', word: WORD, trial: minutes(5) });
  if (!begun.ok) throw new Error(begun.public);
  return api;
}
