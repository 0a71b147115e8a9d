import type { Provenance } from '../../../core/event/event.ts';
import type { AccountNames, FileStat } from './file-system.ts';

/** Something on the way to a log file, in the order it is met: a directory, or a symbolic link in the one before. */
export interface Step {
  /** `''`: the root. */
  readonly path: string;
  readonly stat: FileStat;
  /** The directory it lies in; none for the root. */
  readonly inside?: Step;
}

/** What the operator says of a source: `auto` goes by who may write to it. */
export type TrustSetting = 'auto' | 'file' | 'spoofable';

/** Who may write to a file, or put another in its place; root always may. */
export interface Writers {
  readonly users: readonly number[];
  readonly groups: readonly number[];
  /** Why anybody may, if so. */
  readonly anybody?: string;
}

export interface Trust {
  readonly provenance: Extract<Provenance, 'file' | 'spoofable'>;
  /** For the component: who may write, or why that does not matter. */
  readonly detail: string;
  /** What to mend; `''`: nothing. */
  readonly warning: string;
}

const GROUP_WRITES = 0o020;
const OTHERS_WRITE = 0o002;
const STICKY = 0o1000;
const ROOT = 0;

/**
 * Who decides what a log file says. Whoever may write to the file; and whoever may write to a directory on the way, since
 * he may put another file or directory there. In a sticky directory he may not replace what is another's, but may have been
 * the first to make it: what belongs neither to root nor to the directory's owner may be anybody's.
 *
 * Access control lists cannot be read from here. Where a file has one, the group bits of its mode are the mask, so without
 * group write nobody else is let in; with it, users may be let in whom this does not know.
 */
export function writersOf(way: readonly Step[], file: Step): Writers {
  const users = new Set<number>();
  const groups = new Set<number>();
  let anybody: string | undefined;
  const add = ({ path, stat }: Step, what: string): void => {
    users.add(stat.uid);
    if ((stat.mode & GROUP_WRITES) !== 0) groups.add(stat.gid);
    if ((stat.mode & OTHERS_WRITE) !== 0) anybody ??= `${path || '/'} ${what} (mode ${octal(stat.mode)})`;
  };
  add(file, 'may be written by anybody');
  for (const step of [...way, file]) {
    const directory = step.inside;
    if (directory === undefined) continue;
    if ((directory.stat.mode & STICKY) === 0) {
      add(directory, 'lets anybody replace what is in it');
      continue;
    }
    users.add(directory.stat.uid);
    users.add(step.stat.uid);
    if (step.stat.uid === ROOT || step.stat.uid === directory.stat.uid) continue;
    const { mode, gid } = directory.stat;
    if ((mode & GROUP_WRITES) !== 0) groups.add(gid);
    if ((mode & OTHERS_WRITE) !== 0) anybody ??= `anybody could have put ${step.path} into ${directory.path || '/'}`;
  }
  users.delete(ROOT);
  const sorted = (ids: Set<number>): readonly number[] => [...ids].sort((a, b) => a - b);
  return { users: sorted(users), groups: sorted(groups), ...(anybody === undefined ? {} : { anybody }) };
}

/** What lines of a file with these writers are worth. */
export function judgeTrust({ users, groups, anybody }: Writers, setting: TrustSetting, names: AccountNames): Trust {
  if (setting === 'spoofable') {
    return { provenance: 'spoofable', detail: 'its lines count as spoofable, as configured', warning: '' };
  }
  if (anybody !== undefined && setting === 'file') {
    return { provenance: 'file', detail: `its lines are trusted, as configured, though ${anybody}`, warning: '' };
  }
  if (anybody !== undefined) {
    const warning = `${anybody}: its lines count as spoofable and get nobody blocked; take the right away, or say \`trust: file\``;
    return { provenance: 'spoofable', detail: 'may be written by anybody', warning };
  }
  const who = [
    'root',
    ...users.map((id) => `user ${names.users.get(id) ?? id}`),
    ...groups.map((id) => `group ${names.groups.get(id) ?? id}`),
  ];
  const acl = groups.length > 0 ? ', and whom an access control list may name' : '';
  return { provenance: 'file', detail: `may be written by ${who.join(', ')}${acl}`, warning: '' };
}

/** Where who may write could not be found out. */
export const unknownTrust = (why: string, setting: TrustSetting): Trust =>
  setting === 'auto'
    ? {
        provenance: 'spoofable',
        detail: '',
        warning: `who may write to it is unknown, so its lines count as spoofable: ${why}`,
      }
    : { provenance: setting, detail: `its lines count as ${setting}, as configured`, warning: '' };

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
