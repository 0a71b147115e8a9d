import { type Static, type TSchema, Type } from 'typebox';

/** `live`: takes effect when it is written. `restart`: at the next start. */
export type Applies = 'live' | 'restart';

/** What the declarations cannot know: the machine, and what other parts have registered. */
export interface Surroundings {
  /** The machine's host name. */
  readonly hostname: string;
  /** Absolute; from `--state`, or where the installation keeps its state. */
  readonly stateDir: string;
  /** Names of the registered log parsers. */
  readonly parsers: readonly string[];
}

/** A default that comes from the surroundings; `text` says it in the documentation. */
export interface DefaultFrom {
  readonly from: 'hostname' | 'stateDir';
  readonly text: string;
}

/**
 * One setting. Type, bounds, default, description and secrecy (`writeOnly`) stand in the schema. A setting with neither
 * `default` nor `defaultFrom` is optional.
 */
export interface Setting<S extends TSchema = TSchema, O extends boolean = boolean> {
  readonly schema: S;
  readonly applies: Applies;
  readonly optional: O;
  readonly defaultFrom?: DefaultFrom;
}

/** Settings under one top-level key. */
export interface Section<F extends Settings = Settings> {
  readonly title: string;
  readonly settings: F;
  /** Names of settings that are given together or not at all. */
  readonly together?: readonly (readonly string[])[];
}

export type Settings = Readonly<Record<string, Setting>>;
export type Declarations = Readonly<Record<string, Setting | Section>>;

export const setting = <S extends TSchema>(
  schema: S,
  about: { readonly applies: Applies; readonly defaultFrom?: DefaultFrom },
): Setting<S, false> => ({ schema, optional: false, ...about });

/** A setting that may be absent. */
export const optionalSetting = <S extends TSchema>(
  schema: S,
  about: { readonly applies: Applies },
): Setting<S, true> => ({ schema, optional: true, ...about });

export const section = <F extends Settings>(
  title: string,
  settings: F,
  rules: Pick<Section, 'together'> = {},
): Section<F> => ({ title, settings, ...rules });

export const isSection = (declared: Setting | Section): declared is Section => 'settings' in declared;

/** A duration that was checked; `durationOf` reads it. */
export type DurationText = string & { readonly text: 'duration' };
/** An address or a CIDR network that was checked. */
export type NetworkText = string & { readonly text: 'network' };
/** `host:port` that was checked; `parseListen` reads it. */
export type ListenText = string & { readonly text: 'listen' };

/** Text of a form that a pattern cannot say; `formats.ts` holds one check for each. */
export type Format =
  | 'duration'
  | 'rung'
  | 'network'
  | 'host'
  | 'listen'
  | 'path'
  | 'glob'
  | 'parser'
  | 'regex'
  | 'time_format'
  | 'nginx_log_format'
  | 'apache_log_format';

/** What an object must keep as a whole; `validate.ts` holds one check for each. */
export type Rule = 'declared-parser' | 'syslog-listener';

/**
 * The JSON Schema keywords that settings use, and the few that are ours: `expects` puts a pattern into words, `instead` marks
 * a setting that is read still and names what to write in its place, `shortest`,
 * `longest` and `permanent` bound a duration, `shortestPrefix` a network, `exactlyOne` names properties of which one must be there, `uniqueBy` a
 * property that no two items share, `rule` a check of the whole object.
 */
export interface SchemaView {
  readonly type?: 'string' | 'boolean' | 'integer' | 'array' | 'object';
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly writeOnly?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly expects?: string;
  readonly instead?: string;
  readonly format?: Format;
  readonly shortest?: string;
  readonly longest?: string;
  readonly permanent?: boolean;
  readonly shortestPrefix?: number;
  readonly items?: SchemaView;
  readonly maxItems?: number;
  readonly uniqueBy?: string;
  readonly properties?: Readonly<Record<string, SchemaView>>;
  readonly required?: readonly string[];
  readonly exactlyOne?: readonly string[];
  readonly rule?: Rule;
}

/** A schema as plain data. */
export const view = (schema: TSchema): SchemaView => schema as SchemaView;

interface TextOptions extends Omit<SchemaView, 'type' | 'enum' | 'format' | 'description'> {
  readonly description: string;
}

const formatted = <T extends string>(format: Format, options: TextOptions) =>
  Type.Unsafe<T>(Type.String({ ...options, format }));

export const duration = (options: TextOptions) => formatted<DurationText>('duration', options);
export const network = (options: TextOptions) => formatted<NetworkText>('network', options);
export const hostName = (options: TextOptions) => formatted<string>('host', options);
export const listenAddress = (options: TextOptions) => formatted<ListenText>('listen', options);
export const absolutePath = (options: TextOptions) => formatted<string>('path', { maxLength: 4096, ...options });
export const pathPattern = (options: TextOptions) => formatted<string>('glob', { maxLength: 4096, ...options });
/** Text in a language of its own. */
export const checkedText = (format: Format, options: TextOptions) => formatted<string>(format, options);
export const parserName = (options: TextOptions) => formatted<string>('parser', options);
/** Never shown, logged or returned: JSON Schema's `writeOnly`. */
export const secretText = (options: TextOptions) => Type.String({ ...options, writeOnly: true });

type DeepReadonly<T> = T extends string | number | boolean | undefined
  ? T
  : T extends readonly (infer I)[]
    ? readonly DeepReadonly<I>[]
    : { readonly [K in keyof T]: DeepReadonly<T[K]> };

type ValueOf<D> =
  D extends Setting<infer S, boolean> ? DeepReadonly<Static<S>> : D extends Section<infer F> ? ValuesOf<F> : never;

/** The values that declarations describe. */
export type ValuesOf<D extends Declarations> = {
  readonly [K in keyof D as D[K] extends Setting<TSchema, true> ? never : K]: ValueOf<D[K]>;
} & {
  readonly [K in keyof D as D[K] extends Setting<TSchema, true> ? K : never]?: ValueOf<D[K]>;
};
