// Defines an option: how its value is read, checked and explained. Also defines the kinds of options.

/** How one option is read, checked and explained. `V` is the type of its checked value. */
export interface Option<V> {
  /** The meaning of the option in one line, for `--help` and docs/options.md. */
  readonly help: string;
  /** The allowed values, in words that complete the sentence "give …". */
  readonly allowed: string;
  /** The unit of the value, if it has one. */
  readonly unit?: string;
  /** The default, as a person would write it. `undefined` leaves the option unset. */
  readonly default?: string;
  /** The default in words, if the value depends on the machine or is unset. */
  readonly defaultText?: string;
  /** True for flags that take no value (`--json`). */
  readonly isSwitch?: boolean;
  /**
   * Returns the value as an error may show it. Needed only if the value can contain a secret that is not in a URL, because
   * secrets in URLs are always hidden.
   */
  readonly redact?: (raw: string) => string;
  /**
   * Returns the checked value, or `undefined` if `raw` is not allowed.
   *
   * @throws {NamedFileError} and no other error, if the value is a file's content; it says what is wrong with that file
   */
  parse(raw: string): V | undefined;
}

/** A table of options by their camelCase names; the flag is the same name in kebab-case. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** The checked values of a table of options. An option without a default may be `undefined`. */
export type OptionValues<T extends OptionTable> = {
  readonly [K in keyof T]: T[K] extends Option<infer V> ? V : never;
};

/** An inclusive range of ports. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Returns the number of ports in a range. */
export const portCount = ({ first, last }: PortRange): number => last - first + 1;

/** Whether two ranges have a port in common. */
export const overlap = (a: PortRange, b: PortRange): boolean =>
  Math.max(a.first, b.first) <= Math.min(a.last, b.last);

/** A range without ports, which `none` stands for. */
export const noPorts: PortRange = { first: 1, last: 0 };

/** The parts of a numeric option. */
interface NumericOption {
  help: string;
  min: number;
  max: number;
  unit?: string;
  default?: number;
  defaultText?: string;
}

/** A whole number in `min..max`. Only a positional may have no default. */
export function integer(o: { help: string; min: number; max: number }): Option<number>;
export function integer(o: NumericOption & { default: number }): Option<number>;
export function integer(o: NumericOption & { defaultText: string }): Option<number | undefined>;
export function integer(o: NumericOption): Option<number | undefined> {
  return numeric(o, 'a whole number', /^\d{1,15}$/);
}

/** A decimal number in `min..max`, such as a time in seconds. */
export function decimal(o: NumericOption & { default: number }): Option<number>;
export function decimal(o: NumericOption & { defaultText: string }): Option<number | undefined>;
export function decimal(o: NumericOption): Option<number | undefined> {
  return numeric(o, 'a number', /^\d{1,15}(\.\d{1,9})?$/);
}

function numeric(o: NumericOption, kind: string, form: RegExp): Option<number | undefined> {
  return {
    help: o.help,
    allowed: `${kind} from ${o.min} to ${o.max}`,
    ...(o.unit === undefined ? {} : { unit: o.unit }),
    ...(o.default === undefined ? {} : { default: String(o.default) }),
    ...(o.defaultText === undefined ? {} : { defaultText: o.defaultText }),
    parse(raw) {
      const value = form.test(raw) ? Number(raw) : Number.NaN;
      return value >= o.min && value <= o.max ? value : undefined;
    },
  };
}

/** One of a few words. */
export function choice<const W extends string>(o: {
  help: string;
  words: readonly W[];
  default: W;
}): Option<W> {
  return {
    help: o.help,
    allowed: `one of ${o.words.join(', ')}`,
    default: o.default,
    parse: (raw) => o.words.find((word) => word === raw),
  };
}

/** Text that `accepts` allows. Only a positional may have no default. */
export function text(o: {
  help: string;
  allowed: string;
  accepts: (raw: string) => boolean;
  default: string;
  redact?: (raw: string) => string;
}): Option<string>;
export function text(o: {
  help: string;
  allowed: string;
  accepts: (raw: string) => boolean;
  defaultText: string;
  redact?: (raw: string) => string;
}): Option<string | undefined>;
export function text(o: { help: string; allowed: string; accepts: (raw: string) => boolean }): Option<string>;
export function text(o: {
  help: string;
  allowed: string;
  accepts: (raw: string) => boolean;
  default?: string;
  defaultText?: string;
  redact?: (raw: string) => string;
}): Option<string | undefined> {
  const { accepts, ...described } = o;
  return { ...described, parse: (raw) => (accepts(raw) ? raw : undefined) };
}

/** A flag that is either given or not. In the environment and the config file its value is `true` or `false`. */
export function toggle(o: { help: string }): Option<boolean> {
  return {
    help: o.help,
    allowed: 'true or false',
    default: 'false',
    isSwitch: true,
    parse: (raw) => (raw === 'true' ? true : raw === 'false' ? false : undefined),
  };
}

/** Several texts, separated by commas, each of which `accepts` allows. */
export function list(o: {
  help: string;
  allowed: string;
  accepts: (item: string) => boolean;
  defaultText: string;
}): Option<readonly string[] | undefined> {
  const { accepts, ...described } = o;
  return {
    ...described,
    parse(raw) {
      const items = raw.split(',').map((item) => item.trim());
      return items.every(accepts) ? items : undefined;
    },
  };
}

/** One port, or an inclusive range of them: `10000` or `10000-11000`; `none` is a range without ports. */
export function portRange(o: { help: string; default: string }): Option<PortRange> {
  return {
    ...o,
    allowed: 'one port from 1 to 65535, an inclusive range such as 10000-11000, or none',
    parse(raw) {
      if (raw === 'none') return noPorts;
      const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(raw);
      if (match === null) return undefined;
      const first = Number(match[1]);
      const last = Number(match[2] ?? match[1]);
      return first >= 1 && first <= last && last <= 65535 ? { first, last } : undefined;
    },
  };
}

/** A number of bytes, plain or with a decimal (KB) or binary (KiB) suffix: `208GB`, `1.5TiB`. */
export function size(o: { help: string; defaultText: string }): Option<number | undefined>;
export function size(o: { help: string; default: string }): Option<number>;
export function size(o: {
  help: string;
  default?: string;
  defaultText?: string;
}): Option<number | undefined> {
  return {
    ...o,
    unit: 'bytes',
    allowed: 'a size above 0, such as 1048576, 64KB, 208GB or 16GiB',
    parse(raw) {
      const match = /^(\d{1,15}(?:\.\d{1,9})?)(?:([KMGT])(i?)B|B)?$/.exec(raw);
      if (match === null) return undefined;
      const power = match[2] === undefined ? 0 : 'KMGT'.indexOf(match[2]) + 1;
      const bytes = Math.round(Number(match[1]) * (match[3] === 'i' ? 1024 : 1000) ** power);
      return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
    },
  };
}

/** `pingInterval` → `ping-interval`. */
export const flagName = (key: string): string => key.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

/** `pingInterval` → `TENM_PING_INTERVAL`. */
export const environmentName = (key: string): string =>
  `TENM_${flagName(key).replaceAll('-', '_').toUpperCase()}`;
