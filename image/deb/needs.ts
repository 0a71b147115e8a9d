/** What an executable or a shared object asks of the system's libraries, as `objdump -p` shows it. */
export interface Needs {
  /** Sonames, e.g. `libc.so.6`. */
  readonly libraries: readonly string[];
  /** Symbol versions that must be there, e.g. `GLIBC_2.36`; those marked weak may be missing. */
  readonly versions: readonly string[];
}

const WEAK = 0x02;

export function needsOf(objdump: string): Needs {
  const libraries = [...objdump.matchAll(/^ {2}NEEDED +(\S+)$/gm)].map(([, name = '']) => name);
  const versions = [...objdump.matchAll(/^ {4}0x[0-9a-f]{8} 0x([0-9a-f]{2}) \d+ (\S+)$/gm)]
    .filter(([, flags = '']) => (Number.parseInt(flags, 16) & WEAK) === 0)
    .map(([, , version = '']) => version);
  return { libraries, versions };
}

/** The Debian package of a library; the same in Debian 12 and 13. */
const PACKAGE_OF: Readonly<Record<string, string>> = {
  'ld-linux-x86-64.so.2': 'libc6',
  'libc.so.6': 'libc6',
  'libdl.so.2': 'libc6',
  'libm.so.6': 'libc6',
  'libpthread.so.0': 'libc6',
  'libgcc_s.so.1': 'libgcc-s1',
  'libstdc++.so.6': 'libstdc++6',
};

/** Since which GCC libstdc++ has a symbol version: the newest that is not newer counts. From the GCC manual's ABI history. */
const LIBSTDCXX: readonly (readonly [glibcxx: number, gcc: string])[] = [
  [21, '5'],
  [22, '6'],
  [23, '7'],
  [25, '8'],
  [26, '9'],
  [29, '11'],
  [30, '12'],
  [31, '13'],
  [33, '14'],
];

/**
 * Debian's words for what programs need of libraries, sorted.
 * @throws when a library is not one of those known here: then it is to be entered, with its package
 */
export function dependenciesOf(needs: readonly Needs[]): readonly string[] {
  const packages = new Set(needs.flatMap(({ libraries }) => libraries).map(packageOf));
  const versions = needs.flatMap((one) => one.versions);
  const least: Readonly<Record<string, string | undefined>> = {
    libc6: newest(versions, /^GLIBC_(\d+)\.(\d+)/)?.join('.'),
    'libstdc++6': gccOf(newest(versions, /^GLIBCXX_3\.(4)\.(\d+)$/)?.[1]),
  };
  return [...packages].sort().map((name) => (least[name] === undefined ? name : `${name} (>= ${least[name]})`));
}

function packageOf(library: string): string {
  const name = PACKAGE_OF[library];
  if (name === undefined) throw new Error(`nobody said which Debian package has ${library}`);
  return name;
}

function newest(versions: readonly string[], form: RegExp): readonly [number, number] | undefined {
  return versions
    .flatMap((version) => {
      const [, major, minor] = form.exec(version) ?? [];
      return major === undefined ? [] : [[Number(major), Number(minor)] as const];
    })
    .sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .at(-1);
}

function gccOf(glibcxx: number | undefined): string | undefined {
  if (glibcxx === undefined) return undefined;
  const since = LIBSTDCXX.find(([symbol]) => symbol >= glibcxx);
  if (since === undefined) throw new Error(`nobody said which GCC brought GLIBCXX_3.4.${glibcxx}`);
  return since[1];
}
