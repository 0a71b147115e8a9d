import type { UpdateStand } from '../../core/api/image.ts';
import type { ConfirmOutcome } from '../../core/image/health-text.ts';
import { isLostUntold, type PendingUpdate, type UpdateMemory } from '../../core/image/update.ts';

export const STUCK =
  'RAUC has been at an update for long without a step: only a reboot ends it, and changes nothing of what runs';

/** For a person who looks at the components: where an update is. */
export function wordsOn({ phase, version = 'an update', percent }: UpdateStand): string {
  if (phase === 'idle') return '';
  return `; ${version} ${phase}${percent === undefined ? '' : ` ${percent} %`}`;
}

export const aboutOf = ({ to, source, at }: PendingUpdate): Omit<UpdateStand, 'phase'> => ({
  version: to.version,
  slot: to.slot,
  source,
  since: at,
});

/** For people: a slot that was confirmed is not booted any more, and nobody has asked for that. */
export function lossIn(outcome: ConfirmOutcome | undefined, memory: UpdateMemory, version: string): string | undefined {
  const lost = outcome?.passedOver;
  if (lost === undefined || !isLostUntold(memory)) return undefined;
  const was = memory.last === undefined ? '' : ` with version ${memory.last.version}`;
  return (
    `Slot ${lost}${was} was not started: it has used up its tries without being confirmed, by power cuts or damage. ` +
    `Slot ${outcome?.slot} runs, with version ${version}; an update writes slot ${lost} anew.`
  );
}
