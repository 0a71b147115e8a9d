import { RENEW } from '../golden.ts';
import { LAWS } from './import-law.ts';
import { ACTORS, CORE, GROUND, NATIVE, ROOMS, type Room, subsystemOf } from './rooms.ts';
import { importsOf, isTypeScript, type SourceFile } from './sources.ts';

/** A room imports another; measured, never declared. */
export interface Edge {
  readonly from: string;
  readonly to: string;
}

export interface House {
  /** Paths of the rooms that hold a source file; the others are designed and still empty. */
  readonly furnished: ReadonlySet<string>;
  /** Between rooms of the product, sorted, each once. */
  readonly edges: readonly Edge[];
}

const roomOf = (path: string): string | undefined => {
  const subsystem = subsystemOf(path);
  return ROOMS.find((room) => subsystem === room.path || subsystem.startsWith(`${room.path}/`))?.path;
};

export function survey(files: readonly SourceFile[]): House {
  const product = files.filter((file) => !/^(?:test|image)\//.test(file.path));
  const furnished = new Set(files.flatMap((file) => roomOf(file.path) ?? []));
  const pairs = product
    .filter(isTypeScript)
    .flatMap(importsOf)
    .flatMap((one) => {
      const [from, to] = [roomOf(one.from), one.kind === 'file' ? roomOf(one.target) : undefined];
      return from === undefined || to === undefined || from === to ? [] : [`${from} ${to}`];
    });
  const edges = [...new Set(pairs)].sort().map((pair) => {
    const [from = '', to = ''] = pair.split(' ');
    return { from, to };
  });
  return { furnished, edges };
}

export function architecturePage(house: House): string {
  return `# Architecture

<!-- Generated from the source tree by a test; renew it: ${RENEW} -->

![The rooms of the house and the imports between them](architecture.svg)

Data flows through \`core\` from left to right; an arrow points from a room to one that it imports. Rooms drawn dashed are
designed and still empty. Not drawn: imports of \`core/base\`, which nearly every room has, and those of \`actors/main.ts\`,
which wires the rooms together.

## The import law

${Object.values(LAWS)
  .map((law) => `- ${law}`)
  .join('\n')}

${section('core: pure', CORE, house)}
${section('actors: with effects', ACTORS, house)}
${section('native: C++ engines', NATIVE, house)}
${section('ground', GROUND, house)}
The picture, the tables and the list are measured; what a room is for is said in \`test/support/house/rooms.ts\`.
`;
}

function section(title: string, rooms: readonly Room[], house: House): string {
  const imports = (room: Room): string =>
    house.furnished.has(room.path)
      ? house.edges
          .filter(({ from }) => from === room.path)
          .map(({ to }) => `\`${to}\``)
          .join(' ')
      : '*empty*';
  const rows = rooms.map((room) => `| \`${room.path}\` | ${room.purpose} | ${imports(room)} |`);
  return `## ${title}\n\n| room | for | imports |\n|---|---|---|\n${rows.join('\n')}\n`;
}
