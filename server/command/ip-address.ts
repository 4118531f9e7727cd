// IP addresses as flags take them.
import { isIP } from 'node:net';

/**
 * Whether this is an IP address that can be listened on and connected to. A link-local IPv6 address (RFC 4291 section
 * 2.5.6) is one with its zone alone, such as `fe80::1%eth0` (RFC 4007 section 11): each network interface has its own.
 */
export const isCompleteAddress = (raw: string): boolean =>
  isIP(raw) !== 0 && (!/^fe[89ab][\da-f]:/i.test(raw) || raw.includes('%'));
