// A kind of option: a path, whose value is what the file holds. It is read once, so that it may be a pipe.
import { readBounded, shownPath } from './named-file.js';
import type { Option } from './option.js';

/** @param o.read throws a NamedFileError whose message goes on after the name of the file: `holds no …` */
export function fileContent<V>(o: {
  help: string;
  allowed: string;
  defaultText: string;
  read: (content: Buffer) => V;
}): Option<V | undefined> {
  const { read, ...described } = o;
  return { ...described, redact: shownPath, parse: (path) => read(readBounded(path, true)) };
}
