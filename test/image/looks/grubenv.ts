const BLOCK = 1024;
const HEAD = '# GRUB Environment Block\n';

/** Variables of an environment block of GRUB. */
export function readGrubenv(block: string): Readonly<Record<string, string>> {
  if (!block.startsWith(HEAD)) throw new Error('not an environment block of GRUB');
  const lines = block.slice(HEAD.length).split('\n');
  return Object.fromEntries(
    lines
      .filter((line) => line.includes('=') && !line.startsWith('#'))
      .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
  );
}

/** @returns exactly 1024 bytes, as GRUB wants them */
export function writeGrubenv(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  const text = HEAD + lines.join('');
  if (text.length > BLOCK) throw new RangeError('too much for an environment block');
  return text.padEnd(BLOCK, '#');
}
