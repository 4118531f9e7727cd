// Loads uWebSockets.js, even if glibc is older than its Linux binaries require.
//
// The binaries require GLIBC_2.38 for three symbols only: __isoc23_strtol, __isoc23_strtoul and __isoc23_sscanf. These
// differ from the plain functions only in that they read "0b" prefixes. On an older glibc, a patched copy of the file is
// loaded: its symbols point at the plain functions, and it requires GLIBC_2.2.5 in place of GLIBC_2.38.
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, renameSync, rmSync, type Stats, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir, tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import type { Logger } from '../logger.js';

/** The native module, as the types of the package describe it. */
export type Binding = typeof import('uWebSockets.js');

/** The binding cannot be loaded on this host. The message says what the host has, what is required, and how to fix it. */
export class BindingError extends Error {
  readonly code = 'BINDING';
}

const NEEDED_GLIBC = 'GLIBC_2.38';
const OLD_GLIBC = 'GLIBC_2.2.5';
const C23_PREFIX = '__isoc23_';
const C23_NAMES = ['strtol', 'strtoul', 'sscanf'].map((name) => C23_PREFIX + name);

const require = createRequire(import.meta.url);

/**
 * uWS's own limit on a request's head, as a multiple of ours. We refuse and count a head between the two limits. uWS
 * itself refuses a larger one, and we never see it. A handshake that arrives in pieces may take this much memory.
 */
const UWS_HEADER_FACTOR = 4;

/**
 * Loads the binding: the original if possible, or a patched copy from a cache folder if only GLIBC_2.38 is missing.
 *
 * @param maxHeaderBytes most bytes of a request line and its headers
 * @param cacheDirs folders for the copy; the first that works is used, and created if it is missing
 * @throws {BindingError} if the binding cannot be loaded at all
 */
export function loadBinding(
  logger: Logger,
  maxHeaderBytes: number,
  cacheDirs: readonly string[] = defaultCacheDirs(),
): Binding {
  // uWS reads this variable once, when it is loaded.
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] = String(UWS_HEADER_FACTOR * maxHeaderBytes);
  try {
    return require('uWebSockets.js');
  } catch (error) {
    const message = (error as Error).message;
    if (!message.includes(NEEDED_GLIBC)) throw notLoadable([message], error);
    return loadCopy(logger, cacheDirs, message);
  }
}

function loadCopy(logger: Logger, cacheDirs: readonly string[], reason: string): Binding {
  const reasons = [reason];
  for (const dir of cacheDirs) {
    try {
      const copy = cachedCopy(dir);
      const binding: Binding = require(copy);
      logger.debug('binding loaded from a copy for older systems', {
        copy,
        needed: NEEDED_GLIBC,
        has: hostGlibc(),
      });
      return binding;
    } catch (error) {
      reasons.push(`${dir}: ${(error as Error).message}`);
    }
  }
  throw notLoadable(reasons, undefined);
}

/**
 * Returns the path of the patched copy, and writes the copy if it is missing or differs. Many workers start at once: each
 * writes its own file, and the last rename wins with the same content. The loaded code runs as this user. Therefore neither
 * the folder nor the file may belong to another user or be a symbolic link, which anybody could have put into /tmp.
 *
 * @throws {Error} if the folder is not safe, or not writable
 */
function cachedCopy(dir: string): string {
  const original = readFileSync(nativePath());
  const patched = withoutC23(original);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const folder = lstatSync(dir);
  if (!folder.isDirectory()) throw new Error('this is a symbolic link, which is not followed here');
  if (!isOwn(folder)) throw new Error('this folder is of another user, or others can write to it');
  const path = join(dir, `uws-${createHash('sha256').update(original).digest('hex').slice(0, 32)}.node`);
  if (isCopy(path, patched)) return path;
  const partial = `${path}.${process.pid}`;
  try {
    // Removes what an earlier process with this PID left: the flag 'wx' insists on a new file.
    rmSync(partial, { force: true });
    writeFileSync(partial, patched, { mode: 0o700, flag: 'wx' });
    renameSync(partial, path);
  } finally {
    rmSync(partial, { force: true });
  }
  return path;
}

/** Whether only this user and root can change it. */
const isOwn = ({ uid, mode }: Stats): boolean => uid === process.getuid?.() && (mode & 0o022) === 0;

function isCopy(path: string, content: Buffer): boolean {
  try {
    const file = lstatSync(path);
    return file.isFile() && isOwn(file) && readFileSync(path).equals(content);
  } catch {
    return false;
  }
}

const nativePath = (): string =>
  join(
    dirname(require.resolve('uWebSockets.js')),
    `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`,
  );

/** The user's cache folder (XDG Base Directory Specification), then a folder for this user among the temporary files. */
function defaultCacheDirs(): string[] {
  const xdg = process.env['XDG_CACHE_HOME'] ?? '';
  const home = homeFolder();
  const cache = isAbsolute(xdg) ? xdg : home === undefined ? undefined : join(home, '.cache');
  return [...(cache === undefined ? [] : [join(cache, '10m')]), join(tmpdir(), `10m-${process.getuid?.()}`)];
}

/** `undefined` if HOME is unset and the user has no passwd entry, as in many containers: homedir() then throws. */
function homeFolder(): string | undefined {
  try {
    const home = homedir();
    return isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

function hostGlibc(): string {
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const version = report.header?.glibcVersionRuntime;
  return version === undefined ? 'no glibc' : `glibc ${version}`;
}

function notLoadable(reasons: readonly string[], cause: unknown): BindingError {
  const host = `${process.platform} ${process.arch}, Node ${process.versions.node}, ${hostGlibc()}`;
  return new BindingError(
    `uWebSockets.js cannot be loaded on this host (${host}): it needs Node 20, 22 or 24 on glibc Linux (2.38, or an ` +
      `older one with a writable cache folder), macOS or Windows; use one of these, or set XDG_CACHE_HOME to a ` +
      `writable folder that allows execution. The loader said: ${reasons.join('; ').replace(/\s+/g, ' ')}`,
    { cause },
  );
}

// ELF64, little endian: see elf(5) for the structures, and the gABI's symbol versioning for Verneed and Vernaux.
const SECTION_DYNSYM = 11;
const SECTION_VERNEED = 0x6ffffffe;

interface Section {
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/**
 * Returns a copy of a shared object that does not require GLIBC_2.38 for its three C23 symbols.
 *
 * @param original an ELF64 little-endian shared object
 * @throws {Error} if the file is not such an object, or requires GLIBC_2.38 for anything else
 */
export function withoutC23(original: Buffer): Buffer {
  if (original.readUInt32BE(0) !== 0x7f454c46 || original[4] !== 2 || original[5] !== 1) {
    throw new Error('not an ELF64 little-endian file');
  }
  const copy = Buffer.from(original);
  const sections = readSections(copy);
  const symbols = sections.find((section) => section.type === SECTION_DYNSYM);
  const needs = sections.find((section) => section.type === SECTION_VERNEED);
  const strings = sections[symbols?.link ?? -1];
  if (symbols === undefined || needs === undefined || strings === undefined)
    throw new Error('no dynamic symbols');

  const nameAt = (offset: number): string => {
    const start = strings.offset + offset;
    return copy.toString('latin1', start, copy.indexOf(0, start));
  };
  const found: string[] = [];
  for (let at = symbols.offset; at < symbols.offset + symbols.size; at += 24) {
    const nameOffset = copy.readUInt32LE(at);
    const name = nameAt(nameOffset);
    if (!name.startsWith(C23_PREFIX)) continue;
    found.push(name);
    copy.writeUInt32LE(nameOffset + C23_PREFIX.length, at);
  }
  const unknown = found.filter((name) => !C23_NAMES.includes(name));
  if (found.length === 0 || unknown.length > 0)
    throw new Error(`unexpected C23 names: ${unknown.join(', ') || 'none'}`);
  replaceVersionNeed(copy, needs, nameAt);
  return copy;
}

function readSections(elf: Buffer): Section[] {
  const headers = Number(elf.readBigUInt64LE(0x28));
  const entrySize = elf.readUInt16LE(0x3a);
  const count = elf.readUInt16LE(0x3c);
  return Array.from({ length: count }, (_, i) => {
    const at = headers + i * entrySize;
    return {
      type: elf.readUInt32LE(at + 4),
      offset: Number(elf.readBigUInt64LE(at + 24)),
      size: Number(elf.readBigUInt64LE(at + 32)),
      link: elf.readUInt32LE(at + 40),
    };
  });
}

/** Copies the hash and the name of the old version, which every glibc has, into the Vernaux entry of the new version. */
function replaceVersionNeed(elf: Buffer, needs: Section, nameAt: (offset: number) => string): void {
  const entries = new Map<string, number[]>();
  for (let need = needs.offset, next = -1; next !== 0; need += next) {
    const count = elf.readUInt16LE(need + 2);
    let entry = need + elf.readUInt32LE(need + 8);
    for (let i = 0; i < count; i++) {
      const version = nameAt(elf.readUInt32LE(entry + 8));
      entries.set(version, [...(entries.get(version) ?? []), entry]);
      entry += elf.readUInt32LE(entry + 12);
    }
    next = elf.readUInt32LE(need + 12);
  }
  const newer = entries.get(NEEDED_GLIBC) ?? [];
  const older = entries.get(OLD_GLIBC)?.[0];
  if (newer.length !== 1 || older === undefined) throw new Error(`not exactly one need of ${NEEDED_GLIBC}`);
  elf.copy(elf, newer[0]!, older, older + 4);
  elf.copy(elf, newer[0]! + 8, older + 8, older + 12);
}
