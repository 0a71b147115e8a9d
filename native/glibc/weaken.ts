import { fail, ok, type Result } from '../../core/base/result.ts';

/**
 * An ELF64 little-endian file in which one wanted symbol version is marked weak (VER_FLG_WEAK), so that the loader binds
 * the symbols of that version wherever it finds their names instead of refusing the file when the C library is older.
 * One bit changes; code and data stay as they were. Total: takes any bytes.
 * @param version e.g. `GLIBC_2.38`
 */
export function weakenVersion(file: Uint8Array, version: string): Result<Uint8Array, 'not_elf' | 'not_wanted'> {
  const bytes = Buffer.from(file);
  try {
    const section = bytes.readUInt32BE(0) === ELF_MAGIC && bytes[4] === ELF64 ? versionNeeds(bytes) : undefined;
    if (section === undefined) return fail('not_elf', 'not a 64-bit ELF file with wanted versions');
    const flags = flagsOf(bytes, section, version);
    if (flags === undefined) return fail('not_wanted', `the file does not want ${version}`);
    bytes.writeUInt16LE(bytes.readUInt16LE(flags) | VER_FLG_WEAK, flags);
    return ok(bytes);
  } catch (cause) {
    if (cause instanceof RangeError) return fail('not_elf', 'the file is cut short or damaged', cause);
    throw cause;
  }
}

const ELF_MAGIC = 0x7f454c46;
const ELF64 = 2;
const SHT_GNU_VERNEED = 0x6ffffffe;
const VER_FLG_WEAK = 2;

/** File offsets of `.gnu.version_r` and of the strings that its names point into. */
interface Needs {
  readonly at: number;
  readonly strings: number;
}

function versionNeeds(bytes: Buffer): Needs | undefined {
  const table = offsetAt(bytes, 0x28);
  const size = bytes.readUInt16LE(0x3a);
  const header = (index: number) => table + index * size;
  for (let i = 0; i < bytes.readUInt16LE(0x3c); i++) {
    if (bytes.readUInt32LE(header(i) + 4) !== SHT_GNU_VERNEED) continue;
    const strings = header(bytes.readUInt32LE(header(i) + 0x28));
    return { at: offsetAt(bytes, header(i) + 0x18), strings: offsetAt(bytes, strings + 0x18) };
  }
  return undefined;
}

/** Where the flags of this version stand. Every step leads forward, so damaged links end at the end of the file. */
function flagsOf(bytes: Buffer, { at, strings }: Needs, version: string): number | undefined {
  for (let library = at; ; ) {
    for (let wanted = library + bytes.readUInt32LE(library + 8); ; ) {
      const name = strings + bytes.readUInt32LE(wanted + 8);
      if (bytes.toString('latin1', name, name + version.length + 1) === `${version}\0`) return wanted + 4;
      const next = bytes.readUInt32LE(wanted + 12);
      if (next === 0) break;
      wanted += next;
    }
    const next = bytes.readUInt32LE(library + 12);
    if (next === 0) return undefined;
    library += next;
  }
}

const offsetAt = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));
