// Whether Redis is a master: what is published at a replica reaches the clients of that replica only.
import { ErrorReply } from 'redis';
import type { Logger } from '../logger.js';
import type { RedisClient } from './redis-client.js';

/** What Redis is among its replicas. */
export interface RedisRole {
  /** `undefined` when it cannot be known. */
  readonly isMaster: boolean | undefined;
  /** Why it is no place to publish at, one line; empty unless `isMaster` is false. */
  readonly reason: string;
}

/** Where Redis does not tell. */
export const UNKNOWN_ROLE: RedisRole = { isMaster: undefined, reason: '' };

/** The command is forbidden or not known there: by an ACL, by a hosted Redis, by a proxy. */
const IS_REFUSED = /^(NOPERM|ERR (?!max number of clients))/;

/** Asks for the role in the ways that Redis allows: by ROLE, by INFO, or not at all. */
export class RoleReader {
  readonly #client: RedisClient;
  readonly #logger: Logger;
  readonly #ways = [byRole, byInfo];

  constructor(client: RedisClient, logger: Logger) {
    this.#client = client;
    this.#logger = logger;
  }

  /** @throws {ErrorReply} when Redis answers neither: it wants a password, it has too many clients, it is busy */
  async read(): Promise<RedisRole> {
    for (;;) {
      const [way] = this.#ways;
      if (way === undefined) return UNKNOWN_ROLE;
      try {
        return await way(this.#client);
      } catch (error) {
        if (!(error instanceof ErrorReply) || !IS_REFUSED.test(error.message)) throw error;
        this.#ways.shift();
        this.#logger.debug('Redis does not tell whether it is a master', { reason: error.message });
      }
    }
  }
}

async function byRole(client: RedisClient): Promise<RedisRole> {
  const answer: unknown = await client.sendCommand(['ROLE']);
  if (!Array.isArray(answer)) return UNKNOWN_ROLE;
  const [role, host, port] = answer.map(String);
  return roleOf(client, role, `${host}:${port}`);
}

async function byInfo(client: RedisClient): Promise<RedisRole> {
  const text = await info(client, 'replication');
  return roleOf(client, field(text, 'role'), `${field(text, 'master_host')}:${field(text, 'master_port')}`);
}

/** Names that are not known, such as KeyDB's "active-replica", tell nothing. */
async function roleOf(client: RedisClient, role = '', master: string): Promise<RedisRole> {
  if (role === 'master') return { isMaster: true, reason: '' };
  if (role === 'sentinel') {
    const reason = 'a Sentinel, which carries no messages; --redis must lead to the master';
    return { isMaster: false, reason };
  }
  if (role !== 'slave' && role !== 'replica') return UNKNOWN_ROLE;
  // In a cluster every node passes a PUBLISH on to all others, replicas too.
  if (await isCluster(client)) return UNKNOWN_ROLE;
  const reason = `a replica of ${master}: what is published there does not reach other servers; --redis must lead to the master`;
  return { isMaster: false, reason };
}

/** No, where INFO is forbidden to somebody who may use ROLE. */
async function isCluster(client: RedisClient): Promise<boolean> {
  try {
    return field(await info(client, 'cluster'), 'cluster_enabled') === '1';
  } catch (error) {
    if (error instanceof ErrorReply) return false;
    throw error;
  }
}

async function info(client: RedisClient, section: string): Promise<string> {
  return String(await client.sendCommand(['INFO', section]));
}

const field = (text: string, name: string): string | undefined =>
  new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1];
