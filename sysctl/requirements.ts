// What a host must allow: the one table behind `10m-server doctor`, the .conf files beside it and docs/host.md.

/** What the server is to do on the host; every need follows from it. */
export interface HostLoad {
  /** Connections that the whole host is to hold. */
  readonly connections: number;
  /** File descriptors of the fullest process. */
  readonly filesPerWorker: number;
  /** File descriptors of all processes together. */
  readonly filesInAll: number;
  /** Sockets that listen, in all workers. */
  readonly listeners: number;
  /** Ports that must stay free for the server, as ip_local_reserved_ports writes them. */
  readonly ports: readonly string[];
}

/** How a value found is compared with the one needed; vectors are compared number by number. */
export type Rule = 'at-least' | 'at-most' | 'exactly' | 'includes';

/** One key below /proc/sys. */
export interface HostSetting {
  readonly key: string;
  /** What 10m-server.conf sets; without it, the server leaves the key alone. */
  readonly server?: string;
  /** What 10m-client.conf sets; without it, load clients leave the key alone. */
  readonly client?: string;
  readonly rule: Rule;
  /** True where kernels in use may lack the key: the .conf files then lead it in with "-". */
  readonly mayBeMissing: boolean;
  /** What it means that the key is missing, where that is no gap in what is known. */
  readonly missingMeans?: string;
  /** What the load needs, as the kernel writes it; `undefined` where the server needs nothing of the key. */
  readonly needed?: (load: HostLoad) => string;
  readonly why: string;
  /** What setting it costs. */
  readonly cost: string;
  /** Where the facts are from; `ip-sysctl` is Documentation/networking/ip-sysctl.rst of the kernel. */
  readonly source: string;
  /** How it is mended, where writing the key does not do it. */
  readonly fix?: (needed: string) => string;
}

/** Backlog of each listening socket: uSockets asks for it in listen(2), and it cannot be configured. */
const LISTEN_BACKLOG = 512;

/** Connections that may share one bucket of the established hash before each packet pays for the search. */
const CONNECTIONS_PER_BUCKET = 4;

/** The kernel rounds the hash up to a power of two. */
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
    why: 'every connection is an open file, and this is the limit of the whole host',
    cost: 'nothing until used; about 256 bytes of kernel memory for each file that is open',
    source: 'proc_sys_fs(5); article',
  },
  {
    key: 'fs.nr_open',
    server: '11000000',
    client: '11000000',
    rule: 'at-least',
    mayBeMissing: false,
    needed: (load) => String(load.filesPerWorker),
    why: 'no process may have a higher limit of open files (RLIMIT_NOFILE) than this',
    cost: 'nothing by itself; a process pays 8 bytes for each file that its table grows to',
    source: 'proc_sys_fs(5); article',
  },
  {
    key: 'fs.epoll.max_user_watches',
    rule: 'at-least',
    mayBeMissing: true,
    needed: (load) => String(load.connections + load.listeners),
    why: 'every connection is watched by epoll, and this is the limit for one user; the default follows memory',
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
      'pages (4 KiB) for what all TCP sockets have queued: an idle socket needs none, one with a single unacknowledged ' +
      'or unread message needs one, so a broadcast needs one for every connection at once',
    cost: "TCP's own brake is off: a fault that fills every buffer ends in the OOM killer instead of slow connections",
    source: 'ip-sysctl; tcp(7); measured: 4,000 sockets with 2 unread bytes each took 3,840 pages; article',
  },
  {
    key: 'net.core.somaxconn',
    server: '10000',
    rule: 'at-least',
    mayBeMissing: false,
    needed: () => String(LISTEN_BACKLOG),
    why: `the kernel cuts each listener's queue of ${LISTEN_BACKLOG} accepted connections down to this`,
    cost: 'memory for the connections that wait, only while they wait',
    source: 'listen(2); article',
  },
  {
    key: 'net.ipv4.tcp_max_syn_backlog',
    server: '10000',
    rule: 'at-least',
    mayBeMissing: false,
    needed: () => '1024',
    why: 'half-open handshakes for each listener; without SYN cookies only three quarters of it serve unknown clients',
    cost: '304 bytes for each handshake under way',
    source: 'ip-sysctl; tcp_conn_request() in net/ipv4/tcp_input.c; article',
  },
  {
    key: 'net.ipv4.ip_local_port_range',
    client: '1024 65535',
    rule: 'includes',
    mayBeMissing: false,
    why: 'a load client needs one local port for each connection to the same address and port',
    cost: 'no port from 1024 up is safe from being taken for an outgoing connection unless it is reserved',
    source: 'ip-sysctl (the two ends should differ in parity); article',
  },
  {
    key: 'net.ipv4.ip_local_reserved_ports',
    server: '6379,9110,10000-11000',
    client: '6379,9110,10000-11000',
    rule: 'includes',
    mayBeMissing: false,
    needed: (load) => load.ports.join(','),
    why: 'an outgoing connection that took one of these ports for its own makes the listen on it fail, even from TIME_WAIT',
    cost: '1,003 ports less for outgoing connections to any one address and port',
    source: 'ip-sysctl',
  },
  {
    key: 'net.ipv4.tcp_migrate_req',
    server: '1',
    rule: 'exactly',
    mayBeMissing: true,
    needed: () => '1',
    why: "a worker that stops listening hands its queue to the others; without it a rolling restart resets what it hadn't accepted",
    cost: 'none here, where all listeners of a port have the same settings; it is for the whole network namespace',
    source: 'ip-sysctl; Linux 5.14 and later',
  },
  {
    key: 'net.ipv4.tcp_retries2',
    server: '8',
    rule: 'at-most',
    mayBeMissing: false,
    needed: () => '8',
    why: 'a client that vanished without a word is given up after about 100 s of unanswered retransmission, not 15 minutes',
    cost: 'a link that is cut for longer than that loses its connections; 8 is the least that RFC 1122 allows',
    source: 'ip-sysctl; RFC 1122, 4.2.3.5',
  },
  {
    key: 'net.ipv4.tcp_wmem',
    server: '4096 16384 262144',
    rule: 'at-most',
    mayBeMissing: false,
    needed: () => '4096 16384 262144',
    why: 'a client that stops reading fills its send buffer (least, first, most bytes) before --max-backpressure sees it',
    cost: 'one connection carries at most 256 KiB a round trip: 2.6 MB/s at 100 ms',
    source: 'ip-sysctl; tcp(7)',
  },
  {
    key: 'net.ipv4.tcp_rmem',
    server: '4096 131072 524288',
    rule: 'at-most',
    mayBeMissing: false,
    needed: () => '4096 131072 524288',
    why: 'clients send next to nothing, and one that floods is read for as long as its bytes fill 512 KiB, so a receive buffer (least, first, most bytes) holds less; Redis needs what is left',
    cost: 'one connection takes in at most 512 KiB a round trip: 5 MB/s at 100 ms',
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
    why: 'where a firewall tracks connections, the packets of those beyond this number are dropped ("table full")',
    cost: 'about 300 bytes of kernel memory for each connection tracked; not to track them at all (notrack) costs nothing',
    source: 'Documentation/networking/nf_conntrack-sysctl.rst',
  },
  {
    key: 'net.ipv4.tcp_ehash_entries',
    rule: 'at-least',
    mayBeMissing: true,
    needed: ({ connections }) => String(bucketsFor(connections)),
    why: `buckets of the hash in which each packet finds its connection: more than ${CONNECTIONS_PER_BUCKET} a bucket is a search`,
    cost: '8 bytes for each bucket, for good',
    source: 'ip-sysctl; Linux 6.1 and later; the default follows memory and ends at 524,288',
    fix: (needed) => `boot the kernel with thash_entries=${needed}`,
  },
];
