import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FollowedJournal } from '../../../../support/followed-journal.ts';
import { fc } from '../../../../support/random.ts';

const step = fc.constantFrom(
  'log',
  'own',
  'commit',
  'kill',
  'restart',
  'rotate',
  'vacuum',
  'flush',
  'refuse',
  'fail',
  'pass',
);

test('whatever happens, every entry is committed once, save those told as lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const journal = new FollowedJournal();
      journal.log('what was there before');
      await journal.start();
      journal.ledger.commit();
      let logged = 0;
      for (const what of [...steps, 'commit', 'pass', 'commit'] as const) {
        if (what === 'log') journal.log(`line ${logged++}`);
        else if (what === 'own') journal.logOwn(3);
        else if (what === 'refuse') journal.ledger.refusals++;
        else if (what === 'fail') journal.journald.fail('read', 74);
        else if (what === 'commit') journal.ledger.commit();
        else if (what === 'pass') await journal.pass(65_000, 5000);
        else if (what === 'kill' || what === 'restart') {
          if (what === 'restart') journal.ledger.commit();
          await journal.kill();
          await journal.start();
        } else journal.journald[what]();
        await journal.settle();
      }
      const lines = journal.ledger.lines.map(({ text }) => text);
      assert.deepEqual(lines, [...new Set(lines)], 'none twice');
      const lost = journal.losses.reduce((sum, { atMost = Number.POSITIVE_INFINITY }) => sum + atMost, 0);
      assert.ok(lines.length + lost >= logged, `${logged} logged, ${lines.length} there, ${lost} told as lost`);
      await journal.stop();
      assert.deepEqual([journal.journald.ports.size, journal.clock.pending], [0, 0]);
    }),
    { numRuns: 15 },
  );
});
