// The table of all metrics: the only place that knows the name of one.
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

/** Every metric with the name `tenm_…`; docs/metrics.md explains each. */
export const metricRows: readonly Row[] = [
  gauge('connections', 'Open connections.', ({ total }) => total.gauges.connections),
  counter('connections_opened_total', 'Connections that were opened.', ({ total }) => total.counters.opened),
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
    'Most connections that the workers take.',
    ({ total }) => total.gauges.connectionsLimit,
  ),
  gauge(
    'connections_stalled',
    'Connections that have read nothing for a second of what waits for them.',
    ({ total }) => total.gauges.stalled,
  ),
  gauge(
    'channels',
    'Channels with a connection, counted in each worker.',
    ({ total }) => total.gauges.channels,
  ),
  histogram(
    'connection_age_seconds',
    'How long connections had been open when they ended.',
    ({ histograms }) => histograms.age,
  ),

  counter(
    'messages_received_total',
    'Messages from the broker.',
    ({ total }) => total.counters.messagesReceived,
  ),
  counter(
    'messages_delivered_total',
    'Messages to connections, one for each.',
    ({ total }) => total.counters.messagesDelivered,
  ),
  counter(
    'messages_unrouted_total',
    'Messages to a channel without a connection.',
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
    'From the arrival of a message in a worker to the hand-over to the last socket of its channel there.',
    ({ histograms }) => histograms.handover,
  ),
  histogram(
    'delivery_batch_messages',
    'Messages that the members of a channel over several slices were given at once.',
    ({ histograms }) => histograms.batchMessages,
  ),

  counter('pings_sent_total', 'Pings to connections.', ({ total }) => total.counters.pingsSent),
  histogram(
    'ping_lag_seconds',
    'How late a slot of the ping wheel was served.',
    ({ histograms }) => histograms.pingLag,
  ),

  gauge('workers', 'Worker processes that are running.', ({ snapshot }) => snapshot.workers.length),
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
    'Workers that were started in the place of one that ended.',
    ({ snapshot }) => snapshot.restarts,
  ),
  counters(
    'worker_kills_total',
    'reason',
    'Workers that were killed since they did not do what they should, by reason.',
    ({ snapshot }) => snapshot.kills,
  ),
  workerGauge('connections', 'Open connections of each worker.', (sums) => sums.gauges.connections),
  workerGauge(
    'broker_connected',
    'Whether each worker hears the broker: 1 or 0.',
    (sums) => sums.gauges.brokerConnected,
  ),
  workerGauge(
    'memory_bytes',
    'Memory of each worker that it shares with no other process (RssAnon).',
    (sums) => sums.gauges.memoryBytes,
  ),
  workerGauge(
    'base_memory_bytes',
    'The same at its start, before its connections.',
    (sums) => sums.gauges.baseMemoryBytes,
  ),
  workerCounter(
    'cpu_seconds_total',
    'User and system CPU time of each worker.',
    (sums) => sums.counters.cpuSeconds,
  ),
  workerCounter(
    'messages_delivered_total',
    'Messages from each worker to its connections, one for each.',
    (sums) => sums.counters.messagesDelivered,
  ),
  workerCounter(
    'pings_sent_total',
    'Pings of each worker to its connections.',
    (sums) => sums.counters.pingsSent,
  ),
  workerHistogram(
    'event_loop_delay_seconds',
    "How late the event loop of each worker served the timer of the ping wheel's ticks.",
    (sums) => sums.histograms.loopDelay,
  ),

  gauge('broker_connected', 'Workers that hear the broker.', ({ total }) => total.gauges.brokerConnected),
  gauge(
    'broker_publisher_connected',
    'Whether the admin listener can hand messages to the broker: 1 or 0.',
    ({ snapshot }) => Number(snapshot.broker.isConnected),
  ),
  gauge(
    'broker_is_master',
    'Whether Redis is a master: 0 when it says that it is not, else 1.',
    ({ snapshot }) => Number(snapshot.broker.isMaster !== false),
  ),
  counter(
    'broker_reconnects_total',
    'Times that a lost broker came back.',
    ({ total }) => total.counters.brokerReconnects,
  ),
  histogram(
    'delivery_probe_seconds',
    'From the publication of a probe to its arrival.',
    ({ histograms }) => histograms.probe,
  ),
  gauge('ready', 'Whether /readyz says that the server can do its work: 1 or 0.', ({ snapshot }) =>
    Number(snapshot.ready),
  ),
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
    'More connections that fit below each limit, at their present cost.',
    ({ snapshot: { headroom } }) => byLimit((limit) => headroom.rooms[limit].connections),
  ),
  gauges(
    'headroom_nearest',
    'limit',
    'The limit that will be met first: 1 for it, 0 for the others.',
    ({ snapshot: { headroom } }) => byLimit((limit) => Number(headroom.nearest === limit)),
  ),
  gauges(
    'limit_used_ratio',
    'limit',
    'How much of each limit is used, from 0 to 1.',
    ({ snapshot: { headroom } }) => byLimit((limit) => headroom.rooms[limit].usedRatio),
  ),
  gauge('open_fds', 'Open file descriptors.', ({ total }) => total.gauges.openFds),
  gauge('max_fds', 'File descriptors that the workers may open.', ({ total }) => total.gauges.maxFds),
  gauge(
    'connection_user_memory_bytes',
    'Memory of the workers beyond what they had at their start, for each connection; NaN below 1000 connections.',
    ({ snapshot }) => snapshot.headroom.memory.userBytes,
  ),
  gauge(
    'connection_kernel_memory_bytes',
    'Estimate for each connection: 3800 bytes of an idle socket as measured, plus the mean of the buffers of all TCP sockets of the host; NaN below 1000 connections.',
    ({ snapshot }) => snapshot.headroom.memory.kernelBytes,
  ),
  gauge(
    'host_memory_bytes',
    'Memory of the host, or of its control group where that has a limit.',
    ({ snapshot }) => snapshot.usage.memoryBytes,
  ),
  gauge(
    'host_memory_available_bytes',
    'Part of it that can be had without swapping.',
    ({ snapshot }) => snapshot.usage.memoryAvailableBytes,
  ),
  gauge(
    'host_tcp_sockets',
    'TCP sockets of the host, of all programs.',
    ({ snapshot }) => snapshot.usage.tcpSockets,
  ),
  gauge(
    'host_tcp_memory_bytes',
    'Buffers of the TCP sockets of the host.',
    ({ snapshot }) => snapshot.usage.tcpBytes,
  ),
  gauge(
    'host_tcp_memory_limit_bytes',
    'Where the kernel refuses more buffers: the third number of tcp_mem.',
    ({ snapshot }) => snapshot.usage.tcpLimitBytes,
  ),
  counter(
    'host_listen_overflows_total',
    'Connections that the kernel dropped since an accept queue was full (TcpExt ListenOverflows), of all programs; 0 where it cannot be read.',
    readListenOverflows,
  ),

  counter(
    'log_lines_lost_total',
    'Log lines that could not be written, of the primary and of all workers.',
    ({ total }) => total.counters.logLinesLost + logLinesLost(),
  ),
  gauges('build_info', 'version', 'Always 1; the label tells the version.', ({ snapshot }) => ({
    [snapshot.version]: 1,
  })),
  gauge(
    'start_time_seconds',
    'When the server was started, in seconds since 1970.',
    () => performance.timeOrigin / 1000,
  ),
  gauge(
    'certificate_expiry_timestamp_seconds',
    'When the TLS certificate in use expires, in seconds since 1970.',
    ({ certificate }) => certificate?.expiresAtS,
  ),
  counters(
    'certificate_reloads_total',
    'result',
    'Times that the files of the TLS certificate changed, by whether what they held could be used.',
    ({ certificate }) => certificate && { ok: certificate.succeeded, failed: certificate.failed },
  ),
];
