// The IP addresses that flags accept.
import { isIP } from 'node:net';

/**
 * Whether this is an IP address that a program can listen on and connect to. A link-local IPv6 address (RFC 4291 section
 * 2.5.6) also needs its zone, such as `fe80::1%eth0` (RFC 4007 section 11), because every network interface has such
 * addresses.
 */
export const isCompleteAddress = (raw: string): boolean =>
  isIP(raw) !== 0 && (!/^fe[89ab][\da-f]:/i.test(raw) || raw.includes('%'));
