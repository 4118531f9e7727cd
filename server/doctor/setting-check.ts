// Compares a kernel setting with the value that is needed.
import type { HostLoad, HostSetting } from '../../sysctl/requirements.js';
import { formatCount } from '../command/quantity.js';
import { unbroken } from '../command/text-table.js';
import type { Host } from '../host/host.js';
import { formatPortSpan, type PortSpan, parseNumbers, parsePortSpans, uncovered } from '../host/proc-text.js';

/**
 * The result of a check. Every field is text for people. Text that must stay on one line, such as a command, is
 * {@link unbroken}.
 */
export interface Row {
  readonly check: string;
  /** `unread`: the value could not be read, and `found` says why. */
  readonly status: 'ok' | 'short' | 'unread';
  readonly found: string;
  readonly needed: string;
  readonly why: string;
  /** How to fix it, if possible with a command; empty unless the status is `short`. */
  readonly fix: string;
}

/** The row for a value that could not be read. */
export const unread = (check: string, reason: string, needed: string, why: string): Row => ({
  check,
  status: 'unread',
  found: reason,
  needed,
  why,
  fix: '',
});

const RESERVED_PORTS = 'net.ipv4.ip_local_reserved_ports';
const PORT_RANGE = 'net.ipv4.ip_local_port_range';
const PORTS = 65_535;

/**
 * @param needed in the kernel's notation
 * @param load gives the server's ports; they need reserving only if outgoing connections may take them
 */
export function settingRow(host: Host, setting: HostSetting, needed: string, load: HostLoad): Row {
  const { key, why, missingMeans } = setting;
  const reading = host.sysctl(key);
  if (!('value' in reading)) {
    return reading.isMissing && missingMeans !== undefined
      ? { check: key, status: 'ok', found: missingMeans, needed: grouped(needed), why, fix: '' }
      : unread(key, reading.unreadable, grouped(needed), why);
  }
  const found = reading.value;
  const missing = key === RESERVED_PORTS ? unreserved(host, found, load) : undefined;
  const isEnough = missing === undefined ? satisfies(setting.rule, found, needed) : missing.length === 0;
  const bound = { 'at-least': '≥ ', 'at-most': '≤ ', exactly: '', includes: '' }[setting.rule];
  return {
    check: key,
    status: isEnough ? 'ok' : 'short',
    found: key === RESERVED_PORTS ? reservedWords(found, isEnough) : grouped(found),
    needed: key === RESERVED_PORTS ? needed : unbroken(bound) + grouped(needed),
    why,
    fix: isEnough ? '' : fixOf(setting, found, needed, missing),
  };
}

const reservedWords = (found: string, isEnough: boolean): string =>
  found !== '' ? found : isEnough ? 'none at risk' : 'none';

/** Compares number by number. A vector that is shorter than the needed one does not satisfy it. */
function satisfies(rule: HostSetting['rule'], found: string, needed: string): boolean {
  const values = parseNumbers(found);
  return parseNumbers(needed).every((need, i) => {
    // The kernel shows a hash that is shared with the initial network namespace as a negative number.
    const value = Math.abs(values[i] ?? Number.NaN);
    return rule === 'at-least' ? value >= need : rule === 'at-most' ? value <= need : value === need;
  });
}

/** The ports of the server that outgoing connections may take. */
function unreserved(host: Host, reserved: string, load: HostLoad): PortSpan[] {
  const cover = parsePortSpans(reserved);
  const range = host.sysctl(PORT_RANGE);
  if ('value' in range) {
    const [first, last] = parseNumbers(range.value);
    cover.push({ first: 0, last: first! - 1 }, { first: last! + 1, last: PORTS });
  }
  return parsePortSpans(load.ports.join(',')).flatMap((ports) => uncovered(ports, cover));
}

function fixOf(setting: HostSetting, found: string, needed: string, missing: PortSpan[] | undefined): string {
  if (setting.fix !== undefined) return setting.fix(needed);
  if (missing !== undefined) {
    const spans = [...(found === '' ? [] : [found]), ...missing.map(formatPortSpan)];
    return unbroken(`sysctl -w ${setting.key}=${spans.join(',')}`);
  }
  const target =
    setting.rule === 'at-least' ? raised(found, needed, setting.server) : (setting.server ?? needed);
  return unbroken(`sysctl -w ${setting.key}=${target.includes(' ') ? `"${target}"` : target}`);
}

/** The value that 10m-server.conf sets if it is enough, else the needed value; never less than the present value. */
function raised(found: string, needed: string, configured: string | undefined): string {
  const target = configured !== undefined && satisfies('at-least', configured, needed) ? configured : needed;
  const values = parseNumbers(found);
  return parseNumbers(target)
    .map((value, i) => Math.max(value, values[i] ?? 0))
    .join(' ');
}

/** Checks that there are local ports for the connections to Redis: one per worker, and twice that in a rolling restart. */
export function portRangeRow(host: Host, workers: number): Row {
  const outgoing = 2 * workers + 1;
  const needed = `${formatCount(outgoing)} ports or more`;
  const why = 'each worker connects to Redis from a local port, and a rolling restart doubles the workers';
  const range = host.sysctl(PORT_RANGE);
  if (!('value' in range)) return unread(PORT_RANGE, range.unreadable, needed, why);
  const [first, last] = parseNumbers(range.value);
  const reserved = host.sysctl(RESERVED_PORTS);
  const cover = 'value' in reserved ? parsePortSpans(reserved.value) : [];
  const free = uncovered({ first: first!, last: last! }, cover).reduce(
    (n, span) => n + span.last - span.first + 1,
    0,
  );
  const isEnough = free >= outgoing;
  return {
    check: PORT_RANGE,
    status: isEnough ? 'ok' : 'short',
    found: `${range.value}: ${formatCount(free)} free`,
    needed,
    why,
    fix: isEnough ? '' : unbroken(`sysctl -w ${PORT_RANGE}="32768 60999"`),
  };
}

/** `0 1000000` → `0 1,000,000`, {@link unbroken}. */
const grouped = (value: string): string =>
  unbroken(value.replace(/-?\d+/g, (digits) => BigInt(digits).toLocaleString('en-US')));
