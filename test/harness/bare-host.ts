// Hosts that lack what most have: no /proc, no user in passwd, no whole core.
import { spawnSync } from 'node:child_process';

/** The command that starts a program where /proc is empty; it becomes that program. */
export const withoutProc: readonly string[] = [
  ...['unshare', '--mount', 'sh', '-c'],
  'mount -t tmpfs none /proc && exec "$@"',
  'sh',
];

/** Why /proc cannot be hidden here, as a reason to skip; false where it can. Continuous integration must be able to. */
export function whyNoMounts(): string | false {
  if (process.env['CI'] === 'true') return false;
  const [command, ...args] = [...withoutProc, 'true'];
  return spawnSync(command!, args).status === 0 ? false : 'no mount namespaces here';
}
