import { fail, ok } from '../../core/base/result.ts';
import { placedSetting, sameValue, settingValue } from '../../core/config/change.ts';
import { sectionOf } from '../../core/config/sections.ts';
import type { Config } from '../../core/config/settings.ts';
import { submitted } from '../../core/config/submitted.ts';
import type { Decided } from '../../core/link/order-books.ts';
import type { DesiredDesk } from '../controller-link/index.ts';
import type { RunningSettings } from '../settings/index.ts';

/** Told of one refusal at most. */
const MOST_PROBLEMS = 5;

/** The settings, as a fleet desires them. */
export const desiredDesk = (settings: Pick<RunningSettings, 'desire'>, config: () => Config): DesiredDesk => ({
  read({ sections, rules }) {
    if (rules.length > 0) {
      const names = rules.map(({ name }) => name).slice(0, MOST_PROBLEMS);
      return fail(
        'invalid',
        `rule files (${names.join(', ')}): this version has no place for them, so nothing was done`,
      );
    }
    const decided: Decided[] = [];
    const problems: string[] = [];
    for (const { name, values } of sections) {
      const section = sectionOf(name);
      if (section === undefined) problems.push(`there is no section "${name}"`);
      else {
        const read = submitted(section, values, config());
        decided.push(...read.changes);
        problems.push(...read.problems.map(({ field, message }) => `${field}: ${message}`));
      }
    }
    return problems.length === 0 ? ok(decided) : fail('invalid', problems.slice(0, MOST_PROBLEMS).join('; '));
  },

  async propose(decided, { word, trial }) {
    const changes = decided.map(({ path, value }) => ({ path, value }));
    const asked = await settings.desire({ changes, seen: 'anything', word, trial });
    if (asked.ok)
      return asked.value.change === undefined ? { kind: 'same' } : { kind: 'on_trial', change: asked.value.change };
    switch (asked.code) {
      case 'pending':
        return { kind: 'pending', text: asked.public };
      case 'failed':
        return { kind: 'failed', text: asked.public };
      default:
        return { kind: 'refused', text: asked.public };
    }
  },

  differing: (decided) =>
    decided.flatMap(({ path, value }) => {
      const placed = placedSetting(path);
      return placed !== undefined && !sameValue(settingValue(config(), placed), value) ? [path] : [];
    }),
});
