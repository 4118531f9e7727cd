// One kernel setting held against what is needed of it.
import type { HostLoad, HostSetting } from '../../sysctl/requirements.js';
import { formatCount } from '../command/quantity.js';
import { unbroken } from '../command/text-table.js';
import type { Host } from '../host/host.js';
import { formatPortSpan, type PortSpan, parseNumbers, parsePortSpans, uncovered } from '../host/proc-text.js';

/**
 * What a check came to. Every field is text for people; `fix` is empty unless it falls short. What belongs together, such
 * as a command, is {@link unbroken}.
 */
export interface Row {
  readonly check: string;
  /** `unread`: it could not be read, and `found` says why. */
  readonly status: 'ok' | 'short' | 'unread';
  readonly found: string;
  readonly needed: string;
  readonly why: string;
  /** What mends it, with the command where there is one. */
  readonly fix: string;
}

/** The row of something that could not be read. */
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
 * @param needed as the kernel writes it
 * @param load for the ports, which only matter where outgoing connections may take them
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

/** Compares number by number; a vector shorter than the one needed is not enough. */
function satisfies(rule: HostSetting['rule'], found: string, needed: string): boolean {
  const values = parseNumbers(found);
  return parseNumbers(needed).every((need, i) => {
    // The kernel shows the size of a hash that is shared with the first network namespace as a negative number.
    const value = Math.abs(values[i] ?? Number.NaN);
    return rule === 'at-least' ? value >= need : rule === 'at-most' ? value <= need : value === need;
  });
}

/** The server's ports that outgoing connections may take. */
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

/** What 10m-server.conf sets if that is enough, else what is needed; never less than what is there. */
function raised(found: string, needed: string, configured: string | undefined): string {
  const target = configured !== undefined && satisfies('at-least', configured, needed) ? configured : needed;
  const values = parseNumbers(found);
  return parseNumbers(target)
    .map((value, i) => Math.max(value, values[i] ?? 0))
    .join(' ');
}

/** Local ports for what the server itself connects to: one connection to Redis per worker, and twice that in a rolling restart. */
export function portRangeRow(host: Host, workers: number): Row {
  const outgoing = 2 * workers + 1;
  const needed = `${formatCount(outgoing)} ports or more`;
  const why =
    'each worker connects to Redis from a port of its own, and there are twice as many in a rolling restart';
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
