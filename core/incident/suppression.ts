import { type PathPattern, parsePathPattern } from '../base/path-pattern.ts';
import type { Millis } from '../base/time.ts';
import type { Finding } from '../detect/finding.ts';

/**
 * An operator's word that findings of a check are no trouble, all of them or those about some paths. A finding it
 * matches is kept and marked; it is shown in no view, told to nobody, and causes no response.
 */
export interface Suppression {
  /** 16 hex digits. */
  readonly id: string;
  readonly check: string;
  /** A glob for whole paths; absent for all findings of the check. */
  readonly pathPattern?: string;
  readonly reason: string;
  readonly at: Millis;
  /** Name of the principal. */
  readonly actor: string;
}

/** Hangs on a finding that a suppression matched when it was made. */
export interface SuppressedMark {
  /** Id of the suppression, which may be gone by now. */
  readonly by: string;
}

/** Says which suppression matches a finding, if any: the oldest. */
export type Suppressing = (finding: Finding) => Suppression | undefined;

/** @param rules oldest first; one whose pattern cannot be read matches nothing */
export function suppressing(rules: readonly Suppression[]): Suppressing {
  const byCheck = Map.groupBy(
    rules.map((rule) => ({ rule, matches: pathsOf(rule) })),
    ({ rule }) => rule.check,
  );
  return (finding) => byCheck.get(finding.check)?.find(({ matches }) => matches(finding))?.rule;
}

function pathsOf({ pathPattern }: Suppression): (finding: Finding) => boolean {
  if (pathPattern === undefined) return () => true;
  const parsed = parsePathPattern(pathPattern);
  const matches: PathPattern = parsed.ok ? parsed.value : () => false;
  return ({ message, details = '' }) => pathsIn(`${message}\n${details}`).some(matches);
}

/** Absolute paths that stand in a text, quotes and punctuation around them left out. */
const pathsIn = (text: string): readonly string[] =>
  [...text.matchAll(/(?<![^\s"'`(=:,[])\/[^\s"'`()<>|;,\]]+/g)].map(([path]) => path.replace(/[.:!?]+$/, ''));
