import { fail, ok, type Result } from '../../core/base/result.ts';
import { type Millis, minutes, rfc3339, seconds } from '../../core/base/time.ts';
import { sectionsOf } from '../../core/controller/desired.ts';
import type { DesiredContent } from '../../core/controller/records.ts';
import { readSerial } from '../../core/field/serial.ts';
import type { RuleFile } from '../../core/link/order.ts';
import { digestOf } from '../link-wire/index.ts';
import { type Json, meant, type Reply, refusal, said, servedHere, textIn, timeIn } from './control.ts';
import type { Controller } from './controller.ts';
import { type DesireOutcome, settledAt } from './desires.ts';

export async function askDesired(controller: Controller, { json }: { readonly json: Json }): Promise<Reply> {
  const members = meant(controller, json['who']);
  if (!members.ok) return refusal(members);
  const content = contentIn(json);
  if (!content.ok) return refusal(content);
  const signer = await controller.keys.signerFor(textIn(json, 'key') ?? 'ops', 'desired');
  if (!signer.ok) return refusal(signer);
  const trial = timeIn(json, 'trial', minutes(5));
  if (!trial.ok) return refusal(trial);
  if (trial.value < minutes(1) || trial.value > minutes(30)) return refusal(fail('usage', '--trial: 1m to 30m'));
  const within = timeIn(json, 'within', seconds(30));
  if (!within.ok) return refusal(within);
  const { here, others } = servedHere(controller, members.value);
  const issued = await controller.desires.set(here, {
    content: content.value,
    merge: json['merge'] === true,
    over: json['over'] === true,
    trial: trial.value,
    signer: signer.value,
  });
  const outcomes = [...others.map(({ serial, why }) => ({ serial, refused: why })), ...issued];
  await settled(controller, outcomes, within.value);
  return said(outcomes.map((outcome) => outcomeFacts(controller, outcome)));
}

export async function askDiff(controller: Controller, { json }: { readonly json: Json }): Promise<Reply> {
  const members = meant(controller, json['who']);
  if (!members.ok) return refusal(members);
  if (json['sections'] === undefined) {
    return said(
      members.value.map(({ serial, standing }) => ({ serial, ...(standing?.desired ?? { standing: 'unknown' }) })),
    );
  }
  const content = contentIn(json);
  if (!content.ok) return refusal(content);
  const rows: Json[] = [];
  for (const { serial } of members.value) {
    const differences = await controller.desires.diff(serial, content.value, json['merge'] === true);
    rows.push(
      ...differences.map(({ path, before, after }) => ({ serial, path, before: before ?? null, after: after ?? null })),
    );
  }
  return said(rows);
}

export async function askHistory(controller: Controller, { rest }: { readonly rest: string }): Promise<Reply> {
  const serial = readSerial(rest);
  if (serial === undefined) return refusal(fail('usage', `"${rest.slice(0, 60)}" is no serial`));
  const history = await controller.desires.history(serial);
  const reported = controller.fleet.member(serial)?.standing?.desired;
  return said(
    history.map(({ generation, order, parent, at, key, standing }) => ({
      generation,
      at: rfc3339(at),
      key,
      standing: standing?.is ?? 'sent',
      text: standing?.text ?? '',
      ...(standing === undefined ? {} : { standing_at: rfc3339(standing.at) }),
      in_effect: reported?.confirmedOrder === order,
      order,
      parent: parent ?? null,
    })),
  );
}

function contentIn(json: Json): Result<DesiredContent, 'refused'> {
  const sections = sectionsOf(json['sections']);
  if (!sections.ok) return sections;
  const rules: RuleFile[] = [];
  for (const [name, content] of Object.entries((json['rules'] ?? {}) as Json)) {
    if (!/^[a-z0-9._-]{1,100}$/.test(name) || typeof content !== 'string') {
      return fail('refused', `"${name.slice(0, 60)}" is no name of a rule file: small letters, digits, . _ -`);
    }
    rules.push({ name, sha256: digestOf(Buffer.from(content)), content });
  }
  return ok({ sections: sections.value, rules: rules.sort((a, b) => (a.name < b.name ? -1 : 1)) });
}

/** Resolves when each has come to an end with its order, or the time is over. */
function settled(
  { fleet, happenings, clock }: Controller,
  outcomes: readonly DesireOutcome[],
  within: Millis,
): Promise<void> {
  const isOver = (outcome: DesireOutcome): boolean => {
    const member = fleet.member(outcome.serial);
    return 'refused' in outcome || member === undefined || settledAt(member, outcome.order) !== undefined;
  };
  const left = new Map(outcomes.filter((one) => !isOver(one)).map((one) => [one.serial, one]));
  if (left.size === 0 || within === 0) return Promise.resolve();
  return new Promise((tell) => {
    const finish = (): void => {
      end();
      cancel();
      tell();
    };
    const end = happenings.listen(({ kind, serial = '' }) => {
      const outcome = left.get(serial);
      if (kind !== 'desired' || outcome === undefined || !isOver(outcome)) return;
      left.delete(serial);
      if (left.size === 0) finish();
    });
    const cancel = clock.after(within, finish);
  });
}

function outcomeFacts({ fleet, clock }: Controller, outcome: DesireOutcome): Json {
  if ('refused' in outcome) return { serial: outcome.serial, standing: 'not_issued', text: outcome.refused };
  const { serial, generation, order } = outcome;
  const member = fleet.member(serial);
  const end = member === undefined ? undefined : settledAt(member, order);
  const state = member?.standing?.desired;
  const now = state?.order === order ? { standing: state.standing, text: state.text } : { standing: 'sent', text: '' };
  return { serial, generation, order, ...(end ?? now), at: rfc3339(clock.now()) };
}
