import { type Static, type TSchema, Type } from 'typebox';

/** `live`: takes effect when it is written. `restart`: at the next start. */
export type Applies = 'live' | 'restart';

/** Under what a settings page lists its sections, in this order. */
export const GROUPS = ['Alerting', 'Detection', 'Firewall', 'Integrations', 'Operations'] as const;
export type Group = (typeof GROUPS)[number];

/** How what stands under one top-level key is offered for change. */
export interface Page {
  readonly group: Group;
  /** A wrong value may shut an administrator out: changed on trial, or by force. */
  readonly canCut?: true;
  /** No probe can tell whether it shut an administrator out: on trial until somebody says that he still gets in. */
  readonly byWord?: true;
}

/** What the declarations cannot know: the machine, and what other parts have registered. */
export interface Surroundings {
  /** The machine's host name. */
  readonly hostname: string;
  /** Absolute; from `--state`, or where the installation keeps its state. */
  readonly stateDir: string;
  /** Names of the registered log parsers. */
  readonly parsers: readonly string[];
  /** The machine goes by `host`, and so takes its name from there. */
  readonly isAppliance?: boolean;
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
  /** Its default on the appliance image, in the schema's default's stead. */
  readonly onAppliance?: unknown;
  /** Of a top-level setting, which is a section of its own: its title, and where it is listed. */
  readonly page?: Page & { readonly title: string };
  /** Settings of a section that belong together, e.g. those of one check. */
  readonly fieldGroup?: string;
  /** It shuts nobody out, whatever else in its section may. */
  readonly harmless?: true;
  /** Why it is changed in the file only. */
  readonly byHand?: string;
}

type About = Pick<Setting, 'applies' | 'page' | 'fieldGroup' | 'harmless' | 'byHand'>;

/** Settings under one top-level key. */
export interface Section<F extends Settings = Settings> extends Page {
  readonly title: string;
  readonly settings: F;
  /** Names of settings that are given together or not at all. */
  readonly together?: readonly (readonly string[])[];
  /** Pairs of names of numbers, of which the second is not below the first. */
  readonly ascending?: readonly (readonly [string, string])[];
}

export type Settings = Readonly<Record<string, Setting>>;
export type Declarations = Readonly<Record<string, Setting | Section>>;

export const setting = <S extends TSchema>(
  schema: S,
  about: About & { readonly defaultFrom?: DefaultFrom; readonly onAppliance?: unknown },
): Setting<S, false> => ({ schema, optional: false, ...about });

/** A setting that may be absent. */
export const optionalSetting = <S extends TSchema>(schema: S, about: About): Setting<S, true> => ({
  schema,
  optional: true,
  ...about,
});

export const section = <F extends Settings>(
  title: string,
  settings: F,
  about: Page & Pick<Section, 'together' | 'ascending'>,
): Section<F> => ({ title, settings, ...about });

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
  | 'apache_log_format'
  | 'list_source'
  | 'https_url'
  | 'broker_url'
  | 'proxy_url'
  | 'unicast'
  | 'interface_address'
  | 'timezone';

/** What an object or a list must keep as a whole; `validate.ts` holds one check for each. */
export type Rule = 'declared-parser' | 'syslog-listener' | 'list' | 'interfaces';

/**
 * The JSON Schema keywords that settings use, and the few that are ours: `expects` puts a pattern into words, `instead` marks
 * a setting that is read still and names what to write in its place, `shortest`,
 * `longest` and `permanent` bound a duration, `shortestPrefix` a network, `exactlyOne` names properties of which one must be there, `uniqueBy` a
 * property that no two items share, `rule` a check of the whole object or list.
 */
export interface SchemaView {
  readonly type?: 'string' | 'boolean' | 'integer' | 'number' | 'array' | 'object';
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
