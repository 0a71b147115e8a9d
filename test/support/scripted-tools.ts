import { sendThrough } from '../../actors/change/probes/packets.ts';
import type { Tools } from '../../actors/change/probes/port.ts';
import type { Ran } from '../../actors/packets/index.ts';
import { fail, ok } from '../../core/base/result.ts';

export const said = (out: string, code = 0, err = ''): Ran => ({ kind: 'ended', code, out, err });
export const json = (value: unknown): Ran => said(JSON.stringify(value));

/** A machine made up for probes: programs answer by what their command line holds, everything else works. */
export class ScriptedTools implements Tools {
  /** Command lines that were run, with what was put into them. */
  readonly ran: (readonly [line: string, input: string])[] = [];
  readonly #programs: readonly (readonly [part: string, ran: Ran])[];
  files: Readonly<Record<string, string>> = {};
  paused = 0;
  made = 0;

  /** @param programs by a part of the command line, the first that fits */
  constructor(programs: readonly (readonly [part: string, ran: Ran])[] = []) {
    this.#programs = programs;
  }

  async run(program: string, args: readonly string[], { input = '' }: { readonly input?: string }): Promise<Ran> {
    const line = [program, ...args].join(' ');
    this.ran.push([line, input]);
    return this.#programs.find(([part]) => line.includes(part))?.[1] ?? said('');
  }

  read = async (path: string): Promise<string | undefined> => this.files[path];
  askDns: Tools['askDns'] = async () => ({ answered: true, said: 'NOERROR' });
  askApi: Tools['askApi'] = async () => fail('failed', 'connection refused');
  askApiFrom: Tools['askApiFrom'] = async () => fail('failed', 'no answer within 3000 ms');
  sendThrough: Tools['sendThrough'] = (texts, knocks, signal) => sendThrough(this, texts, knocks, signal);
  nudge = async (): Promise<void> => undefined;
  sendFrom: Tools['sendFrom'] = async () => said('');
  pause = async (): Promise<void> => void this.paused++;
  writeFile: Tools['writeFile'] = async () => ok(2 ** 30);
  newName = (): string => `probe${this.made++}`;
  isLeftOver = (name: string): boolean => name.startsWith('left');
}
