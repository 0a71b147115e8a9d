import type { Edge, House } from './architecture.ts';
import { ACTORS, CORE, NATIVE, type Room } from './rooms.ts';

interface Box {
  readonly room: Room;
  readonly x: number;
  readonly y: number;
}

const WIDTH = 1240;
const MARGIN = 20;
const BOX = { width: 92, height: 34, gap: 8 } as const;
const PER_ROW = 12;
const ARC_ROOM = 120;

/** The house as SVG: floors of boxes, arcs for imports within core, lines for those between actors, native and core. */
export function picture(house: House): string {
  const actors = row(ACTORS, 56);
  const core = row(CORE, bottom(actors) + 60 + ARC_ROOM);
  const native = row(NATIVE, bottom(core) + 80);
  const boxes = new Map([...actors, ...core, ...native].map((box) => [box.room.path, box]));
  const height = bottom(native) + MARGIN;
  const floors = [
    title('actors: with effects', 36),
    title('core: pure, data flows from left to right', bottom(actors) + 40),
    title('native: engines in C++', bottom(core) + 60),
  ];
  // Nearly everything imports base; those arrows would hide the others.
  const edges = house.edges.filter(({ to }) => to !== 'core/base').flatMap((edge) => arrow(edge, boxes) ?? []);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">
<title>Rooms of the house and the imports between them</title>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 8 4 0 8z" fill="context-stroke"/></marker></defs>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
${[...floors, ...edges, ...[...boxes.values()].map((box) => drawn(box, house))].join('\n')}
</svg>
`;
}

const row = (rooms: readonly Room[], y: number): readonly Box[] =>
  rooms.map((room, index) => ({
    room,
    x: MARGIN + (index % PER_ROW) * (BOX.width + BOX.gap),
    y: y + Math.floor(index / PER_ROW) * (BOX.height + 40),
  }));

const bottom = (boxes: readonly Box[]): number => Math.max(...boxes.map((box) => box.y)) + BOX.height;

const title = (text: string, y: number): string =>
  `<text x="${MARGIN}" y="${y}" font-weight="bold" fill="#444444">${text}</text>`;

function drawn({ room, x, y }: Box, house: House): string {
  const name = room.path.slice(room.path.indexOf('/') + 1);
  const style = house.furnished.has(room.path)
    ? 'fill="#e8f0fa" stroke="#2b5c94"'
    : 'fill="#fafafa" stroke="#999999" stroke-dasharray="4 3"';
  const size = name.length > 13 ? ' font-size="10"' : '';
  return `<g><title>${room.path}: ${room.purpose}</title><rect x="${x}" y="${y}" width="${BOX.width}" height="${BOX.height}" rx="4" ${style}/><text x="${x + BOX.width / 2}" y="${y + 21}" text-anchor="middle"${size}>${name}</text></g>`;
}

function arrow({ from, to }: Edge, boxes: ReadonlyMap<string, Box>): string | undefined {
  const [a, b] = [boxes.get(from), boxes.get(to)];
  if (a === undefined || b === undefined) return undefined;
  return a.y === b.y ? arc(a, b) : line(a, b);
}

const middle = (box: Box): number => box.x + BOX.width / 2;

/** Over the row, the higher the farther. */
function arc(a: Box, b: Box): string {
  const [x1, x2] = [middle(a) - 6, middle(b) + 6];
  const rise = a.y - 14 - (Math.abs(x1 - x2) / WIDTH) * ARC_ROOM;
  return path(`M${x1} ${a.y} C${x1} ${rise} ${x2} ${rise} ${x2} ${b.y}`, '#2b5c94');
}

function line(a: Box, b: Box): string {
  const down = b.y > a.y;
  const [y1, y2] = down ? [a.y + BOX.height, b.y] : [a.y, b.y + BOX.height];
  return path(
    `M${middle(a)} ${y1} C${middle(a)} ${y1 + (y2 - y1) / 2} ${middle(b)} ${y2 - (y2 - y1) / 2} ${middle(b)} ${y2}`,
    '#b06a2c',
  );
}

const path = (d: string, colour: string): string =>
  `<path d="${d}" fill="none" stroke="${colour}" stroke-opacity="0.5" marker-end="url(#tip)"/>`;
