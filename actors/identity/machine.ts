import { assign, setup, stateIn } from 'xstate';
import { hours } from '../../core/base/time.ts';

/** Wrong codes a claim survives; the fifth is the last that is looked at. */
export const CLAIM_TRIES = 5;
export const CODE_LIFETIME = hours(24);

export type ClaimEvent =
  | { readonly type: 'wrongCode' }
  | { readonly type: 'rightCode' }
  /** The new admin token and its session are on disk. */
  | { readonly type: 'stored' }
  | { readonly type: 'storeFailed' };

/**
 * The life of one claim code. It ends in `claimed`, or in `expired` or `exhausted`, out of which only a new start leads,
 * with a new code. The lifetime runs on the timer, not on the wall clock: a first boot without a battery-backed clock
 * may jump years ahead and must not kill the code on the way. A right code that was handed in before the deadline counts
 * even if the disk needs longer.
 */
export const claimMachine = setup({
  types: {
    context: {} as { readonly isClaimed: boolean; readonly wrongTries: number },
    events: {} as ClaimEvent,
    input: {} as { readonly isClaimed: boolean },
  },
  delays: { codeLifetime: CODE_LIFETIME },
  guards: {
    isClaimed: ({ context }) => context.isClaimed,
    isStoring: stateIn({ unclaimed: 'storing' }),
    isLastTry: ({ context }) => context.wrongTries + 1 >= CLAIM_TRIES,
  },
  actions: {
    countTry: assign({ wrongTries: ({ context }) => context.wrongTries + 1 }),
    forgetCode: () => {},
  },
}).createMachine({
  id: 'claim',
  context: ({ input }) => ({ isClaimed: input.isClaimed, wrongTries: 0 }),
  initial: 'starting',
  states: {
    starting: { always: [{ guard: 'isClaimed', target: 'claimed' }, { target: 'unclaimed' }] },
    unclaimed: {
      initial: 'open',
      after: { codeLifetime: [{ guard: 'isStoring', target: '.storingLate' }, { target: 'expired' }] },
      states: {
        open: {
          on: {
            wrongCode: [
              { guard: 'isLastTry', target: '#claim.exhausted', actions: 'countTry' },
              { actions: 'countTry' },
            ],
            rightCode: 'storing',
          },
        },
        storing: { on: { stored: '#claim.claimed', storeFailed: 'open' } },
        storingLate: { on: { stored: '#claim.claimed', storeFailed: '#claim.expired' } },
      },
    },
    expired: { entry: 'forgetCode' },
    exhausted: { entry: 'forgetCode' },
    claimed: { entry: 'forgetCode' },
  },
});
