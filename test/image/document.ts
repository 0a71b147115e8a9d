import { markdownTable } from '../../core/base/markdown.ts';
import { STORIES } from './stories.ts';
import { USAGE } from './story/orders.ts';

/** `docs/image-test.md`, made from the scenarios and the usage. */
export function imageTestDocument(): string {
  const rows = STORIES.flatMap(({ name: life, scenarios }) =>
    scenarios.map(({ name, shows, limit }) => [life, `\`${name}\``, shows, `${limit} s`]),
  );
  const table = markdownTable(['life', 'scenario', 'shows', 'within'], rows);
  return `${HEAD}\n\`\`\`text\n${USAGE}\n\`\`\`\n${GROUND}## What is shown\n\n${table}\n\n${TAIL}`;
}

const HEAD = `# Testing the image

<!-- Made from test/image; do not edit. -->

The image is shown to work by guests in qemu, without anybody watching:

\`\`\`sh
npm run image -- test                          # everything; builds the image when there is none
npm run image -- test --list                   # the scenarios and what each shows
npm run image -- test unhealthy both-bad       # these, and what they rest on
npm run image -- test --power-cuts 10          # the long form of the power cuts
npm run image -- test --at-once 1              # one guest at a time, on a machine that has others to serve
\`\`\`
`;

const GROUND = `
Needs root, for the guest's network, and the packages of the profiles \`image\` and \`test\`. The processor is emulated (TCG), so nothing
else is asked of the machine. The last line of the output is one JSON object; the exit code is 0 when everything that was run has passed.
\`BARTIZAN_TEST_SEED\` repeats the moments of power cuts and the places of damage. \`test/system/image-smoke.test.ts\` boots the image in
\`npm test\`, and skips with the reason where it cannot.

## The guest

768 MB, two processors, UEFI firmware (OVMF), a 4 GiB disk over the image, so that data has to grow. Two serial lines: the first is the
appliance's console; on the second is a root shell that systemd credentials of the hypervisor add (\`systemd.extra-unit.*\`): the image has none.
Another credential (\`sysctl.extra\`) puts programs at the same addresses in each process, which spares the emulator a third of its work; the image itself lets them
lie anywhere. One network card is qemu's own, with the API's port forwarded and the host as 10.0.2.2, from where bundles are streamed; the other is a
cable into a network namespace, from which real packets come. What the guest flushed is on its disk when qemu is killed: that is a power cut.

A *life* is a disk from its first boot on; its scenarios share its boots and come in this order. When one fails that others rest on, those
are reported as not reached. Two lives go on side by side, but none beside the boot that is measured.

## What a run leaves behind

In \`build/image/test/LIFE/\`, until the next run of that life:

| file | what it is |
|---|---|
| \`console.log\` | all that came over the appliance's serial console, from the firmware on |
| \`shell.log\` | the root shell on the second line, what was asked there and what came; of a failure the guest's journal, failed units and \`rauc status\` |
| \`boot.png\`, \`console-….png\`, \`recovery.png\` | the screen, as the [field guide](field-guide.md) shows it |
| \`failed-SCENARIO.png\` | the screen when the scenario failed |

The image under test is the one in \`build/image\`, unpacked to \`build/image/test/disk.img\`; the bundles made of it are in \`build/image/test/bundles/\`. The run says which scenario failed, why, and which folder to look in; the seed of
its random choices is its first line.

`;

const TAIL = `## Shortcuts

- A slot gets three tries. \`corrupted-slot\` uses all of them; \`both-bad\` and \`unhealthy\` take two of them away beforehand, by GRUB's
  environment, because each is a boot of a minute.
- \`confirmed\` sets the window of stability to 5 s. Only where something is to fail the time within which a version has to show itself is set to its least, 1 minute: a
  good one must not fail because the guest gets little of a busy machine.
- Waits are for conditions, and end after three times what a scenario takes at most on a machine of its own.
- The versions to install are the image's own root with another version number, and one whose net hand does not run: made at the first
  run, signed by the lab's authority.
`;
