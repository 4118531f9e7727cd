// A kind of option that takes a path and whose value is the file's content. The file is read once, so it may be a pipe.
import { readBounded, shownPath } from './named-file.js';
import type { Option } from './option.js';

/** @param o.read throws a NamedFileError whose message follows the name of the file: `holds no …` */
export function fileContent<V>(o: {
  help: string;
  allowed: string;
  defaultText: string;
  read: (content: Buffer) => V;
}): Option<V | undefined> {
  const { read, ...described } = o;
  return { ...described, redact: shownPath, parse: (path) => read(readBounded(path, true)) };
}
