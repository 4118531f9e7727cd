// A folder that stands in for / : the files of /proc and /sys/fs/cgroup that the checks read.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { temporaryFolder } from './temporary-folder.js';

/** A host prepared for a million connections in 32 workers, with everything that doctor reads. */
export const goodHost: Readonly<Record<string, string>> = {
  'proc/self/limits':
    'Limit                     Soft Limit           Hard Limit           Units     \n' +
    'Max processes             96364                96364                processes \n' +
    'Max open files            11000000             11000000             files     \n',
  'proc/self/status': 'Cpus_allowed_list:\t0-31\nVmRSS:\t   84000 kB\nRssAnon:\t   14000 kB\n',
  'proc/self/fd/0': '',
  'proc/net/sockstat': 'TCP: inuse 5 orphan 0 tw 0 alloc 7 mem 1\n',
  'proc/net/netstat': 'TcpExt: ListenOverflows\nTcpExt: 0\n',
  'proc/self/cgroup': '0::/system.slice/10m-server.service\n',
  'proc/meminfo': 'MemTotal:       65000000 kB\nMemFree:        60000000 kB\nMemAvailable:   61000000 kB\n',
  'proc/sys/fs/file-max': '11000000\n',
  'proc/sys/fs/nr_open': '11000000\n',
  'proc/sys/fs/epoll/max_user_watches': '14000000\n',
  'proc/sys/net/ipv4/tcp_mem': '100000000\t100000000\t100000000\n',
  'proc/sys/net/core/somaxconn': '10000\n',
  'proc/sys/net/ipv4/tcp_max_syn_backlog': '10000\n',
  'proc/sys/net/ipv4/ip_local_port_range': '32768\t60999\n',
  'proc/sys/net/ipv4/ip_local_reserved_ports': '6379,9110,10000-11000\n',
  'proc/sys/net/ipv4/tcp_migrate_req': '1\n',
  'proc/sys/net/ipv4/tcp_retries2': '8\n',
  'proc/sys/net/ipv4/tcp_wmem': '4096\t16384\t262144\n',
  'proc/sys/net/ipv4/tcp_rmem': '4096\t131072\t524288\n',
  'proc/sys/net/netfilter/nf_conntrack_max': '11000000\n',
  'proc/sys/net/ipv4/tcp_ehash_entries': '4194304\n',
  'sys/devices/system/cpu/online': '0-31\n',
  'sys/fs/cgroup/system.slice/10m-server.service/cpu.max': 'max 100000\n',
  'sys/fs/cgroup/system.slice/10m-server.service/memory.max': 'max\n',
  'sys/fs/cgroup/system.slice/10m-server.service/pids.max': '32768\n',
};

/**
 * Writes such a folder.
 *
 * @param changes to {@link goodHost}; `undefined` leaves a file out
 * @returns its path
 */
export function fakeHost(changes: Readonly<Record<string, string | undefined>> = {}): string {
  const root = temporaryFolder('host');
  for (const [path, content] of Object.entries({ ...goodHost, ...changes })) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}
