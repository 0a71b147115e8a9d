/** What dpkg is told of the package. */
export interface Facts {
  /** As package.json has it. */
  readonly version: string;
  readonly description: string;
  /** Debian's name of the processor. */
  readonly architecture: string;
  readonly depends: readonly string[];
  readonly installedKiB: number;
}

/** npm's `1.0.0-rc.1` comes before `1.0.0` in Debian, too, when it is written `1.0.0~rc.1`. */
export const debianVersion = (version: string): string => version.replace('-', '~').replaceAll('-', '.');

export const controlFile = ({
  version,
  description,
  architecture,
  depends,
  installedKiB,
}: Facts): string => `Package: bartizan
Version: ${debianVersion(version)}
Architecture: ${architecture}
Maintainer: Bartizan <bartizan@localhost>
Installed-Size: ${installedKiB}
Depends: ${depends.join(', ')}
Section: net
Priority: optional
Description: ${description.replace(/^./, (letter) => letter.toLowerCase())}
 Bartizan watches a host and its neighbours, judges what it sees, blocks in the
 kernel, and can always take a step back. It observes until it is told to
 enforce, and brings the Node it runs with.
`;

/** A maintainer script with its `@words@` filled in. @throws when it has one that nobody fills in */
export function filledIn(script: string, words: Readonly<Record<string, string>>): string {
  return script.replace(/@([a-z]+)@/g, (_, word: string) => {
    const text = words[word];
    if (text === undefined) throw new Error(`a maintainer script speaks of @${word}@`);
    return text;
  });
}

/** An installed unit, and its file. */
export interface Unit {
  readonly name: string;
  readonly text: string;
}

/** What the maintainer scripts say of units. */
export function unitWords(
  units: readonly Unit[],
): Readonly<Record<'units' | 'installable' | 'running' | 'started', string>> {
  const names = (of: readonly Unit[]) => of.map(({ name }) => name).join(' ');
  const instances = units.filter(({ name }) => !name.includes('@.'));
  const lasting = instances.filter(({ text }) => !/^Type=oneshot$/m.test(text));
  const isInstallable = ({ text }: Unit) => /^\[Install\]$/m.test(text);
  const isDaemon = ({ name }: Unit) => name === 'bartizan.service';
  const isSocket = ({ name }: Unit) => name.endsWith('.socket');
  const others = lasting.filter((one) => !isDaemon(one));
  // A socket may have moved: what is started by it is to be given the new one.
  const running = [...others.filter(isSocket), ...others.filter((one) => !isSocket(one)), ...lasting.filter(isDaemon)];
  return {
    units: names(instances),
    installable: names(instances.filter(isInstallable)),
    running: names(running),
    started: names(running.filter(isInstallable)),
  };
}
