// Formats the capacity plan as a table, with the costs that it was computed from.

import { formatBytes, formatCount, formatNumber, formatSpan } from '../command/quantity.js';
import { alignColumns, wrapWords } from '../command/text-table.js';
import type { Capacity, Load, Machine } from './capacity.js';
import {
  ARTICLE_PINGS_PER_SECOND,
  BROKER_MESSAGES_PER_WORKER,
  type Cost,
  type Costs,
  CPU_SHARE,
  MEMORY_SHARE,
  REDIS_OUTPUT_MESSAGES,
} from './costs.js';

const INDENT = '  ';

/** The costs that apply to this load. */
export function costsUsed(load: Load, costs: Costs): Cost[] {
  const hasMessages = load.messagesPerSecond > 0;
  return [
    load.channels === 'own' ? costs.userOwnChannel : costs.userSharedChannel,
    ...(load.tls ? [costs.tls] : []),
    costs.kernelSocket,
    costs.process,
    ...(load.pingIntervalSeconds > 0 ? [costs.ping] : []),
    ...(hasMessages ? [costs.delivery, costs.brokerMessage] : []),
  ];
}

/** Notes about what the numbers do not show. */
export function planNotes(load: Load, answer: Capacity): string[] {
  const notes: string[] = [];
  if (answer.pingsPerSecond > ARTICLE_PINGS_PER_SECOND) {
    notes.push(
      `The article reached a limit at about ${formatCount(ARTICLE_PINGS_PER_SECOND)} pings/s on one 32-core machine, at 10% CPU. ` +
        'It lies in the network or the kernel, and is not part of this model. Measure your machine, or use several smaller ones.',
    );
  }
  if (answer.isBrokerOverloaded) {
    notes.push(
      `A worker can receive ${formatCount(BROKER_MESSAGES_PER_WORKER)} messages/s at most. Narrow --redis-pattern, and split the channels over several servers.`,
    );
  }
  if (answer.redisServers > 1) {
    notes.push(
      `One Redis can send ${formatCount(REDIS_OUTPUT_MESSAGES)} messages/s in total. Use fewer workers, or ${answer.redisServers} Redis servers.`,
    );
  }
  if (load.tls)
    notes.push('TLS handshakes are not in the CPU figures. They matter when many clients reconnect at once.');
  return notes;
}

/**
 * @param used the costs that the answer was computed from
 * @param notes sentences that go below the table
 * @param columns width of the terminal; words are not broken
 */
export function planText(
  load: Load,
  machine: Machine,
  answer: Capacity,
  used: readonly Cost[],
  notes: readonly string[],
  columns: number,
): string {
  const table = (rows: string[][]): string[] =>
    alignColumns(rows, columns - INDENT.length).map((line) => INDENT + line);
  const title = `${formatCount(load.connections)} connections, ${pingWords(load)}, ${messageWords(load)}:`;
  const sections = [
    wrapWords(title, columns),
    table(planRows(load, machine, answer)),
    ['', 'One machine:'],
    table(machineRows(machine, answer)),
    ['', 'Computed from these measured costs:'],
    table(used.map((cost) => [costText(cost), cost.measured, cost.of])),
    ...(notes.length === 0 ? [] : [['', ...notes.flatMap((note) => wrapWords(`Note: ${note}`, columns))]]),
  ];
  return sections.flat().join('\n');
}

const pingWords = (load: Load): string =>
  load.pingIntervalSeconds === 0 ? 'no pings' : `a ping every ${load.pingIntervalSeconds} s`;

const messageWords = (load: Load): string =>
  load.messagesPerSecond === 0
    ? 'no messages'
    : `${formatNumber(load.messagesPerSecond)} messages/s of ${formatBytes(load.messageBytes)} to ${formatNumber(load.fanout)} connections each`;

const costText = (cost: Cost): string =>
  cost.high >= 1e6 ? formatSpan(cost, formatBytes) : `${formatSpan(cost, formatNumber)} ${cost.unit}`;

function planRows(load: Load, machine: Machine, answer: Capacity): string[][] {
  const { pingOnWire, wireBitsPerSecond } = answer;
  return [
    ['memory, workers', formatSpan(answer.userBytes, formatBytes)],
    ['memory, kernel', formatSpan(answer.kernelBytes, formatBytes), 'sockets, without queued data'],
    ['memory, total', formatSpan(answer.memoryBytes, formatBytes)],
    ['workers', formatCount(answer.workers), `${formatCount(answer.connectionsPerWorker)} connections each`],
    ['ports', formatCount(machine.ports), 'each worker listens on all of them'],
    [
      'open files',
      `${formatCount(answer.filesPerWorker)} in the fullest worker`,
      `ulimit -n, fs.nr_open; assumed limit: ${formatCount(machine.openFiles)}`,
    ],
    ['open files, total', formatCount(answer.filesInAll), 'fs.file-max'],
    [
      'tcp_mem',
      `0 ${load.connections} ${2 * load.connections}`,
      'pages, or more; docs/host.md has the other settings',
    ],
    [
      'pings',
      `${formatNumber(answer.pingsPerSecond)}/s`,
      `${pingOnWire.out} bytes out and ${pingOnWire.in} in on the wire`,
    ],
    ['deliveries', `${formatNumber(answer.deliveriesPerSecond)}/s`],
    ['cores busy', formatSpan(answer.busyCores, formatNumber), 'pings, deliveries, broker'],
    ['bandwidth out', bits(wireBitsPerSecond.out), 'including Ethernet, IP, TCP and WebSocket headers'],
    ['bandwidth in', bits(wireBitsPerSecond.in), 'acknowledgements'],
    [
      'Redis output',
      `${formatNumber(answer.redisMessagesPerSecond)} messages/s`,
      `${bits(8 * answer.redisBytesPerSecond)}: every worker receives every message`,
    ],
  ];
}

function machineRows(machine: Machine, answer: Capacity): string[][] {
  const { holds, machines } = answer;
  if (holds === undefined || machines === undefined) {
    return [['give --memory and --cores to see what one machine holds and how many machines you need']];
  }
  return [
    ['has', `${formatBytes(machine.memoryBytes!)}, ${machine.cores} cores`],
    [
      'holds',
      `${formatCount(holds.connections)} connections`,
      `limited by ${holds.limitedBy}; ${MEMORY_SHARE * 100}% of memory and ${CPU_SHARE * 100}% of cores are used, at the high end of the costs`,
    ],
    ['machines', formatCount(machines), 'for all connections'],
  ];
}

const bits = (perSecond: number): string => formatBytes(perSecond).replace(/B$/, 'bit/s');
