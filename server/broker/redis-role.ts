// Finds out whether Redis is a master: a message that is published to a replica reaches only the clients of that replica.
import { ErrorReply } from 'redis';
import type { Logger } from '../logger.js';
import type { RedisClient } from './redis-client.js';

/** The role of a Redis server in its replication. */
export interface RedisRole {
  /** `undefined` if it cannot be known. */
  readonly isMaster: boolean | undefined;
  /** Why the server cannot publish there, in one line; empty unless `isMaster` is false. */
  readonly reason: string;
}

/** The result if Redis does not say. */
export const UNKNOWN_ROLE: RedisRole = { isMaster: undefined, reason: '' };

/** The command is forbidden or unknown: because of an ACL, a hosted Redis, or a proxy. */
const IS_REFUSED = /^(NOPERM|ERR (?!max number of clients))/;

/** Asks for the role in the ways that Redis allows: with ROLE, with INFO, or not at all. */
export class RoleReader {
  readonly #client: RedisClient;
  readonly #logger: Logger;
  readonly #ways = [byRole, byInfo];

  constructor(client: RedisClient, logger: Logger) {
    this.#client = client;
    this.#logger = logger;
  }

  /** @throws {ErrorReply} if Redis answers no command: it wants a password, has too many clients, or is busy */
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

/** An unknown name, such as KeyDB's "active-replica", gives an unknown role. */
async function roleOf(client: RedisClient, role = '', master: string): Promise<RedisRole> {
  if (role === 'master') return { isMaster: true, reason: '' };
  if (role === 'sentinel') {
    const reason = 'a Sentinel, which carries no messages; --redis must lead to the master';
    return { isMaster: false, reason };
  }
  if (role !== 'slave' && role !== 'replica') return UNKNOWN_ROLE;
  // In a cluster, every node, even a replica, forwards a PUBLISH to all others.
  if (await isCluster(client)) return UNKNOWN_ROLE;
  const reason = `a replica of ${master}: what is published there does not reach other servers; --redis must lead to the master`;
  return { isMaster: false, reason };
}

/** Whether Redis is in cluster mode; false if INFO is forbidden to a user who may use ROLE. */
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
