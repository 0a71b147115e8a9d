import { fail, ok, type Result } from '../base/result.ts';
import { rfc3339 } from '../base/time.ts';
import type { BundleFacts } from './slots.ts';
import type { FailedVersion } from './update.ts';
import { compareVersions } from './version.ts';

/** What only somebody's own word lets pass. */
export interface Allowance {
  /** A version below the one that runs. */
  readonly older: boolean;
  /** A version that was tried and fell back. */
  readonly failed: boolean;
}

/** Whether a bundle whose signature is good is to be installed over this version. */
export function judgeBundle(
  { version }: BundleFacts,
  running: string,
  failed: readonly FailedVersion[],
  allowed: Allowance,
): Result<void, 'older' | 'failed_before'> {
  const before = failed.find((one) => one.version === version);
  if (before !== undefined && !allowed.failed) {
    return fail(
      'failed_before',
      `version ${version} was tried and fell back at ${rfc3339(before.at)} (${before.why}): it is not installed again unless retry_failed is set`,
    );
  }
  if (compareVersions(version, running) < 0 && !allowed.older) {
    return fail(
      'older',
      `version ${version} is older than ${running}, which runs: it is not installed unless allow_older is set`,
    );
  }
  return ok(undefined);
}
