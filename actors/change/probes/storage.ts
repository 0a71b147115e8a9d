import { failed, type ProbeDeps, passed, type Seen } from './port.ts';

const MIB = 1024 * 1024;
/** With less than this the next change could not even be written down. */
const LEAST_FREE = 16 * MIB;

export async function probeDisk({ tools, stateDirectory }: Pick<ProbeDeps, 'tools' | 'stateDirectory'>): Promise<Seen> {
  const written = await tools.writeFile(stateDirectory);
  if (!written.ok) return failed(`${stateDirectory} cannot be written: ${written.public}`);
  const free = `${Math.floor(written.value / MIB)} MiB free`;
  return written.value < LEAST_FREE
    ? failed(`${stateDirectory} is full: ${free}`)
    : passed(`written and read, ${free}`);
}

export async function probeStore({ checkStore }: Pick<ProbeDeps, 'checkStore'>): Promise<Seen> {
  const checked = await checkStore();
  return checked.ok ? passed('a record was written and read') : failed(checked.public);
}
