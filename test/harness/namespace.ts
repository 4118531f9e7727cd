// A network namespace of the test's own, joined to it by links that can be cut: no FIN, no RST, only silence.
import { spawnSync } from 'node:child_process';
import type { Teardown } from './server.js';

/** A pair of veth devices between the test and the namespace. */
export interface TestLink {
  /** The namespace's address. */
  readonly address: string;
  /** The test's end. */
  readonly device: string;
  /** The namespace's end. */
  readonly peer: string;
}

function run(...[command, ...args]: [string, ...string[]]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

/** Why there can be no namespace here, as a reason to skip; false where there can. Continuous integration must have them. */
export function whyNoNamespaces(): string | false {
  return whyNot('network namespaces', () => {});
}

/** The same of slow lines. */
export function whyNoSlowLinks(): string | false {
  return whyNot('slow lines', (probe) =>
    run('tc', '-n', probe, ...'qdisc add dev lo root tbf rate 1mbit burst 64k latency 300ms'.split(' ')),
  );
}

function whyNot(what: string, tryIn: (namespace: string) => void): string | false {
  if (process.env['CI'] === 'true') return false;
  if (process.getuid?.() !== 0) return `${what} need root`;
  const probe = `tenm${process.pid}probe`;
  try {
    run('ip', 'netns', 'add', probe);
    tryIn(probe);
    return false;
  } catch (error) {
    return `no ${what} here: ${(error as Error).message}`;
  } finally {
    spawnSync('ip', ['netns', 'del', probe]);
  }
}

export class TestNamespace {
  readonly name = `tenm${process.pid}`;
  readonly links: TestLink[] = [];

  /** @param linkCount links between the test and the namespace */
  constructor(linkCount: number) {
    run('ip', 'netns', 'add', this.name);
    live.add(this);
    for (let i = 0; i < linkCount; i++) this.#addLink(i);
  }

  /** The command that starts a program in the namespace; it becomes that program. */
  get under(): string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  /** Sets a kernel setting of the namespace, such as `tcp_retries2`. */
  set(key: string, value: string): void {
    run(...(this.under as [string]), 'sh', '-c', `echo '${value}' > /proc/sys/net/ipv4/${key}`);
  }

  /** Makes a link a slow line: so many bits a second come out of the namespace (tc-tbf(8)). */
  slow({ peer }: TestLink, bitsPerSecond: number): void {
    const rate = ['rate', `${bitsPerSecond}bit`, 'burst', '64k', 'latency', '300ms'];
    run('tc', '-n', this.name, 'qdisc', 'replace', 'dev', peer, 'root', 'tbf', ...rate);
  }

  /** Takes a link away from under its connections. */
  cut({ device }: TestLink): void {
    run('ip', 'link', 'set', device, 'down');
  }

  remove(): void {
    if (!live.delete(this)) return;
    for (const { device } of this.links) spawnSync('ip', ['link', 'del', device]);
    spawnSync('ip', ['netns', 'del', this.name]);
  }

  /** Addresses are of 198.18.0.0/15, which is kept for tests (RFC 2544). */
  #addLink(i: number): void {
    const [device, peer] = [`tenm${process.pid}o${i}`, `tenm${process.pid}i${i}`];
    const subnet = `198.18.${process.pid % 256}`;
    run('ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', peer, 'netns', this.name);
    this.links.push({ device, peer, address: `${subnet}.${4 * i + 2}` });
    run('ip', 'addr', 'add', `${subnet}.${4 * i + 1}/30`, 'dev', device);
    run('ip', 'link', 'set', device, 'up');
    run('ip', '-n', this.name, 'addr', 'add', `${subnet}.${4 * i + 2}/30`, 'dev', peer);
    run('ip', '-n', this.name, 'link', 'set', peer, 'up');
  }
}

const live = new Set<TestNamespace>();
process.on('exit', () => {
  for (const namespace of live) namespace.remove();
});

/** Makes a namespace for this test. */
export function makeNamespace(t: Teardown, linkCount: number): TestNamespace {
  const namespace = new TestNamespace(linkCount);
  t.teardown(() => namespace.remove());
  return namespace;
}
