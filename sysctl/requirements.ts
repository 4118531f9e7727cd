// What a host must allow: the table behind `10m-server doctor`, the .conf files beside it and docs/host.md.

/** What the server should do on the host. Every need follows from it. */
export interface HostLoad {
  /** Connections that the whole host should hold. */
  readonly connections: number;
  /** File descriptors of the fullest process. */
  readonly filesPerWorker: number;
  /** File descriptors of all processes together. */
  readonly filesInAll: number;
  /** Listening sockets of all workers. */
  readonly listeners: number;
  /** Ports that must stay free for the server, in the notation of ip_local_reserved_ports. */
  readonly ports: readonly string[];
}

/** How the found value is compared with the needed one. Vectors are compared number by number. */
export type Rule = 'at-least' | 'at-most' | 'exactly' | 'includes';

/** One key below /proc/sys. */
export interface HostSetting {
  readonly key: string;
  /** What 10m-server.conf sets; `undefined` if it does not set the key. */
  readonly server?: string;
  /** What 10m-client.conf sets; `undefined` if it does not set the key. */
  readonly client?: string;
  readonly rule: Rule;
  /** Whether kernels in use may lack the key. In the .conf files, such a key has a leading "-". */
  readonly mayBeMissing: boolean;
  /** What a missing key means, if it means that nothing needs to be set. */
  readonly missingMeans?: string;
  /** What the load needs, in the kernel's notation; `undefined` if the server does not depend on the key. */
  readonly needed?: (load: HostLoad) => string;
  readonly why: string;
  /** What the setting costs. */
  readonly cost: string;
  /** The sources of the facts; `ip-sysctl` is Documentation/networking/ip-sysctl.rst of the kernel. */
  readonly source: string;
  /** The fix, if it is not to write the key. */
  readonly fix?: (needed: string) => string;
}

/** Backlog that uSockets passes to listen(2) for each socket; it cannot be configured. */
const LISTEN_BACKLOG = 512;

/** Connections that may share a bucket of the hash table before the search slows down every packet. */
const CONNECTIONS_PER_BUCKET = 4;

/** The kernel rounds the number of buckets up to a power of two. */
const bucketsFor = (connections: number): number =>
  2 ** Math.max(0, Math.ceil(Math.log2(connections / CONNECTIONS_PER_BUCKET)));

export const hostSettings: readonly HostSetting[] = [
  {
    key: 'fs.file-max',
    server: '11000000',
    client: '11000000',
    rule: 'at-least',
    mayBeMissing: false,
    needed: (load) => String(load.filesInAll),
    why: 'every connection is an open file, and this limits the open files of the whole host',
    cost: 'nothing until used; about 256 bytes of kernel memory for each open file',
    source: 'proc_sys_fs(5); article',
  },
  {
    key: 'fs.nr_open',
    server: '11000000',
    client: '11000000',
    rule: 'at-least',
    mayBeMissing: false,
    needed: (load) => String(load.filesPerWorker),
    why: 'no process can have a higher limit of open files (RLIMIT_NOFILE) than this',
    cost: 'nothing until used; 8 bytes for each entry of the file table of a process',
    source: 'proc_sys_fs(5); article',
  },
  {
    key: 'fs.epoll.max_user_watches',
    rule: 'at-least',
    mayBeMissing: true,
    needed: (load) => String(load.connections + load.listeners),
    why: 'epoll watches every connection, and this limits the watches of one user; the default depends on the memory',
    cost: 'about 160 bytes of kernel memory for each watch in use',
    source: 'epoll(7)',
  },
  {
    key: 'net.ipv4.tcp_mem',
    server: '100000000 100000000 100000000',
    client: '100000000 100000000 100000000',
    rule: 'at-least',
    mayBeMissing: false,
    needed: ({ connections }) => `0 ${connections} ${2 * connections}`,
    why:
      'this limits what all TCP sockets have queued, in pages of 4 KiB: an idle socket needs none, a socket with a single ' +
      'unacknowledged or unread message needs one, so a broadcast needs one for every connection at once',
    cost: 'TCP no longer limits itself: a fault that fills all buffers ends with the OOM killer instead of slow connections',
    source: 'ip-sysctl; tcp(7); measured: 4,000 sockets with 2 unread bytes each took 3,840 pages; article',
  },
  {
    key: 'net.core.somaxconn',
    server: '10000',
    rule: 'at-least',
    mayBeMissing: false,
    needed: () => String(LISTEN_BACKLOG),
    why: `the kernel limits the accept queue of each listener to this; the server asks for ${LISTEN_BACKLOG}`,
    cost: 'memory for waiting connections, only while they wait',
    source: 'listen(2); article',
  },
  {
    key: 'net.ipv4.tcp_max_syn_backlog',
    server: '10000',
    rule: 'at-least',
    mayBeMissing: false,
    needed: () => '1024',
    why: 'this limits the half-open handshakes of each listener; without SYN cookies, unknown clients get only three quarters of it',
    cost: '304 bytes for each handshake in progress',
    source: 'ip-sysctl; tcp_conn_request() in net/ipv4/tcp_input.c; article',
  },
  {
    key: 'net.ipv4.ip_local_port_range',
    client: '1024 65535',
    rule: 'includes',
    mayBeMissing: false,
    why: 'a load client needs one local port for each connection to the same address and port',
    cost: 'an outgoing connection may take any port from 1024 up that is not reserved',
    source: 'ip-sysctl (the two ends should differ in parity); article',
  },
  {
    key: 'net.ipv4.ip_local_reserved_ports',
    server: '6379,9110,10000-11000',
    client: '6379,9110,10000-11000',
    rule: 'includes',
    mayBeMissing: false,
    needed: (load) => load.ports.join(','),
    why: 'if an outgoing connection has taken one of these ports, listening on it fails, even while that connection is in TIME_WAIT',
    cost: '1,003 fewer ports for outgoing connections to any one address and port',
    source: 'ip-sysctl',
  },
  {
    key: 'net.ipv4.tcp_migrate_req',
    server: '1',
    rule: 'exactly',
    mayBeMissing: true,
    needed: () => '1',
    why: 'a worker that stops listening passes its accept queue to the others; without this, a rolling restart resets the connections in the queue',
    cost: 'none here, since all listeners of a port have the same settings; it applies to the whole network namespace',
    source: 'ip-sysctl; Linux 5.14 and later',
  },
  {
    key: 'net.ipv4.tcp_retries2',
    server: '8',
    rule: 'at-most',
    mayBeMissing: false,
    needed: () => '8',
    why: 'the kernel gives up on a client that has vanished after about 100 s of unanswered retransmissions, not 15 minutes',
    cost: 'a longer outage loses the connections; 8 is the lowest value that RFC 1122 allows',
    source: 'ip-sysctl; RFC 1122, 4.2.3.5',
  },
  {
    key: 'net.ipv4.tcp_wmem',
    server: '4096 16384 262144',
    rule: 'at-most',
    mayBeMissing: false,
    needed: () => '4096 16384 262144',
    why: 'a client that stops reading fills its send buffer (minimum, initial and maximum bytes) before --max-backpressure takes effect',
    cost: 'one connection carries at most 256 KiB per round trip: 2.6 MB/s at 100 ms',
    source: 'ip-sysctl; tcp(7)',
  },
  {
    key: 'net.ipv4.tcp_rmem',
    server: '4096 131072 524288',
    rule: 'at-most',
    mayBeMissing: false,
    needed: () => '4096 131072 524288',
    why: 'a worker keeps reading from a flooding client while each read fills 512 KiB, so a receive buffer (minimum, initial and maximum bytes) must not be larger; clients send almost nothing, but the connection to Redis needs this size',
    cost: 'one connection receives at most 512 KiB per round trip: 5 MB/s at 100 ms',
    source: 'ip-sysctl; tcp(7)',
  },
  {
    key: 'net.netfilter.nf_conntrack_max',
    server: '11000000',
    client: '11000000',
    rule: 'at-least',
    mayBeMissing: true,
    missingMeans: 'connections are not tracked',
    needed: ({ connections }) => String(Math.ceil(connections * 1.1)),
    why: 'if a firewall tracks connections, it drops the packets of connections beyond this number ("table full")',
    cost: 'about 300 bytes of kernel memory for each tracked connection; not tracking them (notrack) costs nothing',
    source: 'Documentation/networking/nf_conntrack-sysctl.rst',
  },
  {
    key: 'net.ipv4.tcp_ehash_entries',
    rule: 'at-least',
    mayBeMissing: true,
    needed: ({ connections }) => String(bucketsFor(connections)),
    why: `the kernel looks up the connection of each packet in a hash table with this many buckets; more than ${CONNECTIONS_PER_BUCKET} connections per bucket slow it down`,
    cost: '8 bytes for each bucket, permanently',
    source: 'ip-sysctl; Linux 6.1 and later; the default depends on the memory and is at most 524,288',
    fix: (needed) => `boot the kernel with thash_entries=${needed}`,
  },
];
