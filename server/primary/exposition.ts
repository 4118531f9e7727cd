// The table of all metrics. No other file knows the name of a metric.
import { readListenOverflows } from '../host/tcp-memory.js';
import { logLinesLost } from '../logger.js';
import { limits } from './headroom.js';
import {
  counter,
  counters,
  gauge,
  gauges,
  histogram,
  type Row,
  workerCounter,
  workerGauge,
  workerHistogram,
} from './metric-row.js';

const byLimit = (read: (limit: (typeof limits)[number]) => number): Record<string, number> =>
  Object.fromEntries(limits.map((limit) => [limit, read(limit)]));

/** Begins the name of every metric of the table. */
export const METRIC_PREFIX = 'tenm_';

/** Every metric of the server's own; docs/metrics.md explains each. */
export const metricRows: readonly Row[] = [
  gauge('connections', 'Open connections.', ({ total }) => total.gauges.connections),
  counter('connections_opened_total', 'Connections opened.', ({ total }) => total.counters.opened),
  counters(
    'connections_closed_total',
    'reason',
    'Connections that ended, by reason.',
    ({ total }) => total.reasons.closed,
  ),
  counters(
    'connections_rejected_total',
    'reason',
    'Handshakes that were refused, by reason.',
    ({ total }) => total.reasons.rejected,
  ),
  gauge(
    'connections_limit',
    'The most connections that the workers accept.',
    ({ total }) => total.gauges.connectionsLimit,
  ),
  gauge(
    'connections_stalled',
    'Connections that have read nothing of their waiting data for a second.',
    ({ total }) => total.gauges.stalled,
  ),
  gauge(
    'channels',
    'Channels with at least one connection, counted once in each worker.',
    ({ total }) => total.gauges.channels,
  ),
  histogram(
    'connection_age_seconds',
    'Age of connections when they ended.',
    ({ histograms }) => histograms.age,
  ),

  counter(
    'messages_received_total',
    'Messages that the workers received from the broker.',
    ({ total }) => total.counters.messagesReceived,
  ),
  counter(
    'messages_delivered_total',
    'Messages delivered, counted once for each connection.',
    ({ total }) => total.counters.messagesDelivered,
  ),
  counter(
    'messages_unrouted_total',
    'Messages for a channel that had no connection in the worker.',
    ({ total }) => total.counters.messagesUnrouted,
  ),
  counters(
    'messages_dropped_total',
    'reason',
    'Messages that were not delivered, by reason.',
    ({ total, snapshot }) => ({ ...total.reasons.dropped, worker_behind: snapshot.droppedBehind }),
  ),
  histogram(
    'delivery_handover_seconds',
    'Time from the arrival of a message in a worker to its hand-over to the last socket of the channel there.',
    ({ histograms }) => histograms.handover,
  ),
  histogram(
    'delivery_batch_messages',
    'Messages per batch to the members of a channel that has several slices.',
    ({ histograms }) => histograms.batchMessages,
  ),

  counter('pings_sent_total', 'Pings sent.', ({ total }) => total.counters.pingsSent),
  histogram(
    'ping_lag_seconds',
    'How late a slot of the ping wheel was served.',
    ({ histograms }) => histograms.pingLag,
  ),

  gauge('workers', 'Running worker processes.', ({ snapshot }) => snapshot.workers.length),
  gauge(
    'workers_wanted',
    'Worker processes that should be running.',
    ({ snapshot }) => snapshot.workersWanted,
  ),
  gauge(
    'workers_missing',
    'Workers that did not answer this scrape in time.',
    ({ snapshot }) => snapshot.workersMissing,
  ),
  counter(
    'worker_restarts_total',
    'Workers started to replace one that ended.',
    ({ snapshot }) => snapshot.restarts,
  ),
  counters(
    'worker_kills_total',
    'reason',
    'Workers that the primary killed because they did not answer, start or drain in time, by reason.',
    ({ snapshot }) => snapshot.kills,
  ),
  workerGauge('connections', 'Open connections of each worker.', (sums) => sums.gauges.connections),
  workerGauge(
    'broker_connected',
    'Whether each worker is connected to the broker: 1 or 0.',
    (sums) => sums.gauges.brokerConnected,
  ),
  workerGauge(
    'memory_bytes',
    'Memory that each worker shares with no other process (RssAnon).',
    (sums) => sums.gauges.memoryBytes,
  ),
  workerGauge(
    'base_memory_bytes',
    'Memory of each worker at its start, before it had connections (RssAnon).',
    (sums) => sums.gauges.baseMemoryBytes,
  ),
  workerCounter(
    'cpu_seconds_total',
    'User and system CPU time of each worker.',
    (sums) => sums.counters.cpuSeconds,
  ),
  workerCounter(
    'messages_delivered_total',
    'Messages delivered by each worker, counted once for each connection.',
    (sums) => sums.counters.messagesDelivered,
  ),
  workerCounter('pings_sent_total', 'Pings sent by each worker.', (sums) => sums.counters.pingsSent),
  workerHistogram(
    'event_loop_delay_seconds',
    'How late the event loop of each worker served the timer of the ping wheel.',
    (sums) => sums.histograms.loopDelay,
  ),

  gauge(
    'broker_connected',
    'Workers that are connected to the broker.',
    ({ total }) => total.gauges.brokerConnected,
  ),
  gauge(
    'broker_publisher_connected',
    'Whether the primary can publish to the broker: 1 or 0.',
    ({ snapshot }) => Number(snapshot.broker.isConnected),
  ),
  gauge(
    'broker_is_master',
    'Whether Redis is a master: 0 if it says that it is not, else 1.',
    ({ snapshot }) => Number(snapshot.broker.isMaster !== false),
  ),
  counter(
    'broker_reconnects_total',
    'Reconnects of the workers to the broker.',
    ({ total }) => total.counters.brokerReconnects,
  ),
  histogram(
    'delivery_probe_seconds',
    'Time from the publication of a probe to its arrival in a worker.',
    ({ histograms }) => histograms.probe,
  ),
  gauge('ready', 'Whether /readyz answers 200: 1 or 0.', ({ snapshot }) => Number(snapshot.ready)),
  gauge('draining', 'Whether the server is closing its connections to stop: 1 or 0.', ({ snapshot }) =>
    Number(snapshot.stopping),
  ),
  gauge(
    'drain_remaining_connections',
    'Connections that a drain or a rolling restart still has to close.',
    ({ snapshot }) => snapshot.drain?.remaining ?? 0,
  ),
  gauge(
    'drain_eta_seconds',
    'Time until a drain or a rolling restart has closed its last connection.',
    ({ snapshot }) => snapshot.drain?.etaSeconds ?? 0,
  ),

  gauges(
    'headroom_connections',
    'limit',
    'How many more connections fit below each limit, at their present cost.',
    ({ snapshot: { headroom } }) => byLimit((limit) => headroom.rooms[limit].connections),
  ),
  gauges(
    'headroom_nearest',
    'limit',
    'Which limit will be reached first: 1 for that limit, 0 for the others.',
    ({ snapshot: { headroom } }) => byLimit((limit) => Number(headroom.nearest === limit)),
  ),
  gauges(
    'limit_used_ratio',
    'limit',
    'How much of each limit is used, from 0 to 1.',
    ({ snapshot: { headroom } }) => byLimit((limit) => headroom.rooms[limit].usedRatio),
  ),
  gauge('open_fds', 'Open file descriptors of the workers.', ({ total }) => total.gauges.openFds),
  gauge('max_fds', 'File descriptors that the workers may open.', ({ total }) => total.gauges.maxFds),
  gauge(
    'connection_user_memory_bytes',
    'Memory per connection that the workers have gained since their start; NaN below 1000 connections.',
    ({ snapshot }) => snapshot.headroom.memory.userBytes,
  ),
  gauge(
    'connection_kernel_memory_bytes',
    'Estimated kernel memory per connection: 3800 bytes for an idle socket (measured), plus the mean buffers of all TCP sockets of the host; NaN below 1000 connections.',
    ({ snapshot }) => snapshot.headroom.memory.kernelBytes,
  ),
  gauge(
    'host_memory_bytes',
    'Memory of the host, or the limit of its control group.',
    ({ snapshot }) => snapshot.usage.memoryBytes,
  ),
  gauge(
    'host_memory_available_bytes',
    'Memory of the host that is available without swapping.',
    ({ snapshot }) => snapshot.usage.memoryAvailableBytes,
  ),
  gauge(
    'host_tcp_sockets',
    'TCP sockets of the host, in all programs.',
    ({ snapshot }) => snapshot.usage.tcpSockets,
  ),
  gauge(
    'host_tcp_memory_bytes',
    'Memory in the buffers of all TCP sockets of the host.',
    ({ snapshot }) => snapshot.usage.tcpBytes,
  ),
  gauge(
    'host_tcp_memory_limit_bytes',
    'Limit of the TCP buffers above which the kernel refuses more: the third number of tcp_mem.',
    ({ snapshot }) => snapshot.usage.tcpLimitBytes,
  ),
  counter(
    'host_listen_overflows_total',
    'Connections that the kernel dropped because an accept queue was full (TcpExt ListenOverflows), in all programs; 0 if it cannot be read.',
    readListenOverflows,
  ),

  counter(
    'log_lines_lost_total',
    'Log lines that the primary and the workers could not write.',
    ({ total }) => total.counters.logLinesLost + logLinesLost(),
  ),
  gauges('build_info', 'version', 'Always 1; the label is the version.', ({ snapshot }) => ({
    [snapshot.version]: 1,
  })),
  gauge(
    'start_time_seconds',
    'Start of the server, in seconds since 1970.',
    () => performance.timeOrigin / 1000,
  ),
  gauge(
    'certificate_expiry_timestamp_seconds',
    'Expiry of the TLS certificate in use, in seconds since 1970.',
    ({ certificate }) => certificate?.expiresAtS,
  ),
  counters(
    'certificate_reloads_total',
    'result',
    'Changes of the TLS certificate files, by whether the new certificate could be used.',
    ({ certificate }) => certificate && { ok: certificate.succeeded, failed: certificate.failed },
  ),
];
