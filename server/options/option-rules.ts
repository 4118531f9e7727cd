// Rules over several of the server's options and the files that they name. Each rule says in one sentence what is wrong.

import { readKeyFile } from '../access/token-key.js';
import { NamedFileError } from '../command/named-file.js';
import { overlap, type PortRange, portCount } from '../command/option.js';
import { certificateFiles, readCertificate } from '../tls/certificate.js';
import type { ServerOptions } from './server-options.js';

type Rule = (options: ServerOptions) => string | undefined;

/** Files are read last, because a missing flag explains more than a bad file. */
const rules: readonly Rule[] = [listens, portsApart, adminIsGuarded, tlsIsWhole, authHasOneKey, filesAreFit];

/** Returns what is wrong with these options, or `undefined`. Opens only the files that they name. */
export function brokenRule(options: ServerOptions): string | undefined {
  for (const rule of rules) {
    const complaint = rule(options);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

function listens({ ports, tlsPorts }: ServerOptions): string | undefined {
  if (portCount(ports) + portCount(tlsPorts) > 0) return undefined;
  return '--ports none leaves nothing to listen on; give --tls-ports too, or ports';
}

function portsApart({ ports, tlsPorts, adminPort }: ServerOptions): string | undefined {
  const span = ({ first, last }: PortRange) => `${first}-${last}`;
  if (overlap(ports, tlsPorts)) {
    return `--tls-ports ${span(tlsPorts)} overlaps --ports ${span(ports)}; give ranges that are apart`;
  }
  const admin = { first: adminPort, last: adminPort };
  for (const [flag, range] of [['--ports', ports] as const, ['--tls-ports', tlsPorts] as const]) {
    if (overlap(admin, range)) {
      return `--admin-port ${adminPort} lies inside ${flag} ${span(range)}; give a port outside of it`;
    }
  }
  return undefined;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.');

function adminIsGuarded({ adminHost, adminToken, adminTokenFile }: ServerOptions): string | undefined {
  if (adminToken !== undefined && adminTokenFile !== undefined) {
    return '--admin-token and --admin-token-file are both given; give one of them';
  }
  if (isLoopback(adminHost) || adminToken !== undefined || adminTokenFile !== undefined) return undefined;
  return `--admin-host "${adminHost}" is open to the network; give --admin-token or --admin-token-file too, or a loopback address`;
}

function tlsIsWhole({ tlsPorts, tlsCert, tlsKey }: ServerOptions): string | undefined {
  const parts = {
    '--tls-ports': portCount(tlsPorts) > 0,
    '--tls-cert': tlsCert !== undefined,
    '--tls-key': tlsKey !== undefined,
  };
  const missing = Object.entries(parts).flatMap(([flag, isGiven]) => (isGiven ? [] : [flag]));
  if (missing.length === 0 || missing.length === 3) return undefined;
  return `TLS needs --tls-ports, --tls-cert and --tls-key; give ${missing.join(' and ')} too`;
}

function authHasOneKey({ auth, jwtSecretFile, jwtPublicKey }: ServerOptions): string | undefined {
  const count = Number(jwtSecretFile !== undefined) + Number(jwtPublicKey !== undefined);
  if (auth === 'none') {
    return count === 0
      ? undefined
      : 'a key for tokens is given, but nobody asks for tokens; give --auth jwt too';
  }
  return count === 1 ? undefined : '--auth jwt needs one key; give --jwt-secret-file or --jwt-public-key';
}

function filesAreFit(options: ServerOptions): string | undefined {
  try {
    const files = certificateFiles(options);
    if (files !== undefined) readCertificate(files);
    readKeyFile(options);
  } catch (error) {
    if (!(error instanceof NamedFileError)) throw error;
    return error.message;
  }
  return undefined;
}
