import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

/** What a process and all its descendants hold at this moment. Memory in MiB. */
export interface Holdings {
  /** Proportional set size: a page shared by n processes counts 1/n. */
  readonly pss: number;
  /** Of it, memory with no file behind it: heaps and stacks. */
  readonly anonymous: number;
  readonly threads: number;
  readonly descriptors: number;
}

export function holdingsOf(root: number): Holdings {
  const pids = treeOf(root);
  const total = (count: (pid: number) => number): number =>
    pids.map((pid) => (pid === root ? count(pid) : (stillThere(() => count(pid)) ?? 0))).reduce((sum, n) => sum + n, 0);
  return {
    pss: total((pid) => kibOf(`/proc/${pid}/smaps_rollup`, 'Pss')) / 1024,
    anonymous: total((pid) => kibOf(`/proc/${pid}/smaps_rollup`, 'Pss_Anon')) / 1024,
    threads: total((pid) => readdirSync(`/proc/${pid}/task`).length),
    descriptors: total((pid) => readdirSync(`/proc/${pid}/fd`).length),
  };
}

/** What a process and its descendants have done so far; threads that have ended are not in it. */
export interface Work {
  /** Time on a core, ms; the kernel counts it in nanoseconds. */
  readonly cpu: number;
  /** Times a thread went to sleep, which is as often as one was woken. */
  readonly sleeps: number;
}

export function workOf(root: number): Work {
  let cpu = 0;
  let sleeps = 0;
  for (const task of treeOf(root).flatMap((pid) => stillThere(() => tasksOf(pid)) ?? [])) {
    const work = stillThere(() => workOfTask(task));
    cpu += work?.cpu ?? 0;
    sleeps += work?.sleeps ?? 0;
  }
  return { cpu, sleeps };
}

const workOfTask = (task: string): Work => ({
  cpu: Number(readFileSync(`${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
  sleeps: Number(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(readFileSync(`${task}/status`, 'utf8'))?.[1]),
});

/** The most that a process (without its descendants) has held resident so far, MiB. */
export const peakOf = (pid: number): number => kibOf(`/proc/${pid}/status`, 'VmHWM') / 1024;

/** Lets this process's peak begin anew at what it holds now. */
export function forgetPeak(): void {
  // 5: the peak of the resident set, proc(5).
  writeFileSync('/proc/self/clear_refs', '5');
}

/** The most that this process has held resident since `forgetPeak`, MiB. */
export const currentPeak = (): number => peakOf(process.pid);

const tasksOf = (pid: number): readonly string[] =>
  readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}`);

function treeOf(pid: number): readonly number[] {
  const children = tasksOf(pid).flatMap(
    (task) => stillThere(() => readFileSync(`${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number)) ?? [],
  );
  return [pid, ...children.flatMap((child) => stillThere(() => treeOf(child)) ?? [])];
}

/** What is read of a process or thread; undefined when it has ended since it was listed, as short-lived helpers do. */
function stillThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (cause) {
    if (['ENOENT', 'ESRCH'].includes((cause as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw cause;
  }
}

const kibOf = (file: string, row: string): number =>
  Number(new RegExp(`^${row}:\\s*(\\d+) kB$`, 'm').exec(readFileSync(file, 'utf8'))?.[1]);
