import { changesSuite, NamedValue } from '../../../support/changes-suite.ts';
import { FakeChanges } from '../../../support/fake-changes.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

changesSuite('the fake changes', async () => {
  const clock = new SimulatedClock();
  const subject = new NamedValue();
  return { changes: new FakeChanges(clock, [subject]), subject, clock };
});
