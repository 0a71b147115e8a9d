import type { Subject } from '../../../actors/change/index.ts';
import type { FakeKernel } from '../../../native/nft/fake.ts';
import type { NftPort } from '../../../native/nft/index.ts';
import { CONFIRMED, FakeSubject, type Proposal, RULES, Script, TABLE_DECLARATION, textOf } from './fake-subject.ts';
import type { SimDisk } from './sim-disk.ts';
import type { SubjectParts, UnderTest } from './world.ts';

const BEFORE = ['198.51.100.7'];

/** The fake subject in the harness. */
export class FakeUnderTest implements UnderTest {
  readonly name = 'fake';
  readonly script = new Script();
  readonly proposal: Proposal;

  constructor(proposal: Proposal = { deny: ['203.0.113.4', '203.0.113.5'] }) {
    this.proposal = proposal;
  }

  seed(disk: SimDisk): void {
    disk.put(RULES, textOf(BEFORE), { mode: 0o640, uid: 0, gid: 4 });
    disk.put(CONFIRMED, textOf(BEFORE), { mode: 0o600, uid: 0, gid: 0 });
  }

  async boot(disk: SimDisk, nft: NftPort): Promise<void> {
    const confirmed = disk.text(CONFIRMED) ?? '';
    await nft.ensure(TABLE_DECLARATION);
    const keys = confirmed.split('\n').filter((line) => line !== '');
    await nft.commit(
      TABLE_DECLARATION.name,
      keys.map((key) => ({ kind: 'add', set: 'denied', key, timeout: 'never' })),
    );
  }

  make({ disk, nft }: SubjectParts): Subject {
    return new FakeSubject(disk, nft, this.script) as Subject;
  }

  async holds(disk: SimDisk, kernel: FakeKernel): Promise<string> {
    const nft = kernel.open();
    const list = async (set: string): Promise<string> => {
      const listed = await nft.list(TABLE_DECLARATION.name, set);
      return listed.ok ? textOf(listed.value.map(({ key }) => key).sort()) : 'unreadable';
    };
    const [file, denied, trial] = [disk.text(RULES), await list('denied'), await list('trial')];
    const [before, after] = [textOf(BEFORE), textOf(this.proposal.deny)];
    if (file === before && denied === before && trial === '') return 'before';
    if (file === after && denied === after && trial === '') return 'after';
    if (file === after && denied === before && trial === after) return 'trial';
    return JSON.stringify({ file, denied, trial });
  }
}
