import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostVerb, RequestFiles } from '../../../../actors/host/port.ts';
import { answerTo, FileRequests } from '../../../../actors/host/requests.ts';
import { millis } from '../../../../core/base/time.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

/** Root as it answers here: the texts come one a look. */
function site(answers: readonly (string | undefined)[], put: RequestFiles['put'] = async () => '7 1.5') {
  const clock = new SimulatedClock();
  const calls: string[] = [];
  let look = 0;
  const requests = new FileRequests({
    clock,
    files: {
      put: (verb) => {
        calls.push(`put ${verb}`);
        return put(verb);
      },
      takeBack: async (verb) => {
        calls.push(`take back ${verb}`);
      },
      answer: async () => answers[Math.min(look++, answers.length - 1)],
    },
  });
  const ask = async (verb: HostVerb) => {
    const asked = requests.ask(verb);
    for (let n = 0; n < 700; n++) {
      await settled();
      clock.advance(millis(50));
    }
    return asked;
  };
  return { ask, calls };
}

test('the answer to the request itself counts, and no other', async () => {
  const { ask, calls } = site([undefined, 'ok\nfor 7 1.4\n', 'ok\nfor 7 1.5\n']);
  assert.deepEqual(await ask('reboot'), { ok: true, value: undefined });
  assert.deepEqual(calls, ['put reboot']);
});

test('what root refuses is told as it said it', async () => {
  const said = await site(['failed: this machine is no Bartizan appliance\nfor 7 1.5\n']).ask('factory-reset');
  assert.deepEqual(said, { ok: false, code: 'refused', public: 'this machine is no Bartizan appliance' });
});

test('a request that nobody answers is taken back', async () => {
  const { ask, calls } = site([undefined]);
  const said = await ask('power-off');
  assert.equal(said.ok === false && said.code, 'silent');
  assert.deepEqual(calls, ['put power-off', 'take back power-off']);
});

test('where no request can be written that is said', async () => {
  const said = await site([undefined], () => Promise.reject(new Error('EROFS'))).ask('reboot');
  assert.deepEqual([said.ok, said.ok ? '' : said.public], [false, 'reboot cannot be asked for: EROFS']);
});

for (const text of ['', 'ok', 'ok\n', 'ok\nfor', 'ok\nfor 7 1.50\n'])
  test(`${JSON.stringify(text)} is no answer to request 7 1.5`, () => assert.equal(answerTo('7 1.5', text), undefined));
