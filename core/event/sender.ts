import type { Sender } from './event.ts';

/**
 * Who may send a program's messages to the journal. Everything is judged by what journald found out itself: the tag of a
 * message is the sender's own word, `logger -t sshd` writes any, and so does who speaks journald's own protocol.
 *
 * - `root`: the real user is root, and runs one of the executables. Neither alone is enough: root's own `logger` is no
 *   sshd, and a user may start /usr/sbin/sshd for himself, with a library of his own in it. Where the unit is known it
 *   must be one of `units`, so that root within a container that was given the journal's socket is not taken for the
 *   host's daemon.
 * - `unit`: a daemon that logs under an account of its own: one of the executables, within one of the units. Nobody but
 *   root can place a process into a service's control group. What runs in the service (a CGI script) does not run its
 *   executable. Without `exes` whatever runs in the unit is believed: an operator may say so of a program of his own.
 * - `setuid`: the executable alone, for programs that run setuid root on behalf of any user, so that the user's id and
 *   session are the sender's. The kernel lets no user preload a library into them or trace them. It is weaker than the
 *   others: in a mount namespace of his own a user can put another file under the same path. Therefore it never proves
 *   an address: an event that has one stays spoofable.
 * - `namesake`: root runs an executable of the same name as the tag, from the system's folders: PAM's messages come from
 *   programs that nobody listed.
 * - `kernel`: the kernel's own ring buffer, where only root can write anything else.
 */
export type SenderRule =
  | { readonly who: 'root'; readonly exes: readonly string[]; readonly units: readonly string[] }
  | { readonly who: 'unit'; readonly exes?: readonly string[]; readonly units: readonly string[] }
  | { readonly who: 'setuid'; readonly exes: readonly string[] }
  | { readonly who: 'namesake' }
  | { readonly who: 'kernel' };

/**
 * Whether one of the rules is met. What journald could not find out is not assumed: it loses the executable of a process
 * that ends right after its message, and such a message stays unproven.
 * @param program the tag
 * @param hasAddress whether the event names a source
 */
export function isExpected(
  rules: readonly SenderRule[],
  sender: Sender,
  program: string,
  hasAddress: boolean,
): boolean {
  return rules.some((rule) => isMet(rule, sender, program, hasAddress));
}

function isMet(rule: SenderRule, { uid, unit, exe, transport }: Sender, program: string, hasAddress: boolean): boolean {
  if (transport === 'kernel') return rule.who === 'kernel';
  switch (rule.who) {
    case 'kernel':
      return false;
    case 'root':
      return uid === 0 && isOneOf(rule.exes, exe) && (unit === undefined || isOfUnit(rule.units, unit));
    case 'unit':
      return isOfUnit(rule.units, unit) && (rule.exes === undefined || isOneOf(rule.exes, exe));
    case 'setuid':
      return !hasAddress && isOneOf(rule.exes, exe);
    case 'namesake':
      return uid === 0 && isNamesake(exe, program);
  }
}

/** @param units names, in each of which one `*` may stand for anything */
export const isOfUnit = (units: readonly string[], unit: string | undefined): boolean =>
  unit !== undefined && units.some((one) => fits(one, unit));

const isOneOf = (exes: readonly string[], exe: string | undefined): boolean => {
  if (exe === undefined) return false;
  const found = merged(exe);
  return exes.some((one) => fits(merged(one), found));
};

/** A path as it is where /usr is merged and `sbin` is `bin`: both are root's alone either way. */
function merged(exe: string): string {
  const path = exe.startsWith('/usr/') ? exe.slice(4) : exe;
  return path.startsWith('/sbin/') ? `/bin/${path.slice(6)}` : path;
}

/** One `*` in the pattern stands for anything but a further `/`. */
function fits(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*');
  if (star < 0) return pattern === text;
  const tail = pattern.slice(star + 1);
  return (
    text.length >= pattern.length - 1 &&
    text.startsWith(pattern.slice(0, star)) &&
    text.endsWith(tail) &&
    !text.slice(star, text.length - tail.length).includes('/')
  );
}

/** Those that say anything under any name. */
const MOUTHPIECES: ReadonlySet<string> = new Set(['logger', 'systemd-cat', 'bash', 'sh', 'dash', 'python3', 'perl']);

/** `CRON` is /usr/sbin/cron; a service manager in its child calls itself `(systemd)`. */
function isNamesake(exe: string | undefined, program: string): boolean {
  if (exe === undefined) return false;
  const path = merged(exe);
  const name = path.slice(path.lastIndexOf('/') + 1);
  const isSystem = path.startsWith('/bin/') || path.startsWith('/lib/') || path.startsWith('/libexec/');
  return isSystem && !MOUTHPIECES.has(name) && name === program.replace(/^\((.*)\)$/, '$1').toLowerCase();
}
