// The file that --config names: a JSON object of options by their flag names.
import { NamedFileError, readBounded, shownPath } from './named-file.js';
import { nearestName } from './nearest-name.js';
import { flagName, type OptionTable } from './option.js';
import { quoted, UsageError } from './usage-error.js';

/**
 * Returns the values in the file by the options' keys. They are not checked yet.
 *
 * @param passedOver the flag names of other commands, which the file may contain too
 * @throws {UsageError} if the file cannot be read, is not such an object, or contains any other name
 */
export function readConfigFile(
  path: string,
  options: OptionTable,
  passedOver: readonly string[],
): Record<string, string> {
  const config = `--config ${quoted(shownPath(path))}`;
  const text = textOf(path, config);
  const keys = new Map(Object.keys(options).map((key) => [flagName(key), key]));
  const values: Record<string, string> = {};
  for (const [name, value] of Object.entries(objectIn(text, config))) {
    const key = keys.get(name);
    if (key === undefined) {
      if (passedOver.includes(name)) continue;
      const nearest = nearestName(name, [...keys.keys()]);
      const hint = nearest?.isLikely === true ? `; did you mean ${JSON.stringify(nearest.name)}?` : '';
      throw new UsageError(`${config} names an unknown option ${quoted(name)}${hint}`);
    }
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      const { allowed, redact } = options[key]!;
      const json = JSON.stringify(value);
      throw new UsageError(
        `--${name} ${redact?.(json) ?? json} (from ${path}) is not allowed; give ${allowed}`,
      );
    }
    values[key] = String(value);
  }
  const repeated = repeatedNameIn(text);
  if (repeated !== undefined) {
    throw new UsageError(`${config} names ${quoted(repeated)} twice; give it once`);
  }
  return values;
}

function textOf(path: string, config: string): string {
  try {
    return readBounded(path, true)
      .toString()
      .replace(/^\uFEFF/, '');
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    throw new UsageError(`${config} ${error.message}`);
  }
}

function objectIn(text: string, config: string): object {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    // V8's message quotes the file, which may contain a secret. Only the position is taken from it.
    const position = /at position (\d+)/.exec((error as Error).message)?.[1];
    const place = position === undefined ? '' : `: see line ${lineAt(text, Number(position))}`;
    throw new UsageError(`${config} is no JSON${place}; give {"flag-name": value, …}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(`${config} holds no JSON object; give {"flag-name": value, …}`);
  }
  return parsed;
}

const lineAt = (text: string, position: number): number => text.slice(0, position).split('\n').length;

/**
 * Returns a name that the file contains twice, of which JSON.parse takes the last. No value is an object, so every name is
 * an option's.
 */
function repeatedNameIn(text: string): string | undefined {
  const seen = new Set<string>();
  for (const [, string, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)) {
    if (colon === undefined) continue;
    const name = JSON.parse(string!) as string;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
