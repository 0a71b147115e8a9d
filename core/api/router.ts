import type { Method } from './endpoint.ts';
import type { Bound } from './mount.ts';

/** All endpoints of one path. */
export interface Route {
  readonly methods: ReadonlyMap<Method, Bound>;
  /** Any of them: says which surface the path belongs to. */
  readonly first: Bound;
  /** Value of the Allow header. */
  readonly allow: string;
}

export interface Match {
  readonly route: Route;
  /** Values of the path's `{name}` segments, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the route of a path without its query. A trailing slash makes no difference. */
export type Router = (path: string) => Match | undefined;

interface Pattern {
  readonly segments: readonly string[];
  readonly route: Route;
}

const NO_PARAMS = {};

/** Literal paths are one lookup; those with parameters are tried in table order. @throws when two rows collide */
export function router(table: readonly Bound[]): Router {
  const literal = new Map<string, Route>();
  const patterns: Pattern[] = [];
  for (const [path, rows] of Map.groupBy(table, ({ endpoint }) => withoutSlash(endpoint.path))) {
    const route = routeOf(rows);
    if (path.includes('{')) patterns.push({ segments: path.split('/'), route });
    else literal.set(path, route);
  }
  return (asked) => {
    const path = withoutSlash(asked);
    const route = literal.get(path);
    return route === undefined ? matchPattern(patterns, path) : { route, params: NO_PARAMS };
  };
}

function routeOf(rows: readonly Bound[]): Route {
  const [first] = rows;
  if (first === undefined) throw new Error('a route without endpoints');
  const methods = new Map(rows.map((row) => [row.endpoint.method, row]));
  if (methods.size !== rows.length) throw new Error(`${first.endpoint.path} is declared twice with one method`);
  const names = [...methods.keys()];
  return { methods, first, allow: [...names, ...(methods.has('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ') };
}

function matchPattern(patterns: readonly Pattern[], path: string): Match | undefined {
  const asked = path.split('/');
  for (const { segments, route } of patterns) {
    const params = segments.length === asked.length ? paramsOf(segments, asked) : undefined;
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

/** `undefined` when a literal segment differs, or a parameter is empty or badly encoded. */
function paramsOf(segments: readonly string[], asked: readonly string[]): Record<string, string> | undefined {
  const params: Record<string, string> = {};
  for (const [i, segment] of segments.entries()) {
    const value = asked[i] ?? '';
    if (!segment.startsWith('{')) {
      if (segment !== value) return undefined;
      continue;
    }
    const decoded = decode(value);
    if (decoded === undefined || decoded === '') return undefined;
    params[segment.slice(1, -1)] = decoded;
  }
  return params;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

const withoutSlash = (path: string): string => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);
