// The primary's side of Redis Pub/Sub.
import { ErrorReply } from 'redis';
import { OWN_PREFIX } from '../channel.js';
import { deadlineAfter } from '../command/deadline.js';
import type { Logger } from '../logger.js';
import { type BrokerState, BrokerUnavailableError, type Publisher } from './broker.js';
import { warnOfKeyspaceEvents } from './keyspace-events.js';
import type { RedisClient } from './redis-client.js';
import { isNoPermission, refusalOf } from './redis-fault.js';
import { ANSWER_TIMEOUT_MS, RedisLink } from './redis-link.js';
import { type RedisRole, RoleReader, UNKNOWN_ROLE } from './redis-role.js';

/** Shows on a new connection whether publishing is allowed. It is not a valid probe, so every receiver ignores it. */
const NO_PROBE = Buffer.alloc(0);

/** Publishes through Redis, as long as it is a master. */
export class RedisPublisher implements Publisher {
  /** Always 0: Redis itself disconnects a subscriber that does not keep up. */
  readonly dropped = 0;
  readonly #link: RedisLink;
  readonly #pattern: string;
  readonly #probeChannel: string;
  readonly #logger: Logger;
  readonly #roles = new WeakMap<RedisClient, RoleReader>();
  #hasLookedForEvents = false;

  /** @param pattern the pattern that the workers subscribe to */
  constructor(url: string, pattern: string, probeChannel: string, logger: Logger) {
    this.#pattern = pattern;
    this.#probeChannel = probeChannel;
    this.#logger = logger;
    this.#link = new RedisLink({
      name: 'publisher',
      url,
      logger,
      setUp: (client) => this.#setUp(client),
      complaint: 'cannot publish',
    });
  }

  get state(): BrokerState {
    return this.#link.state;
  }

  start(): void {
    this.#link.start();
  }

  stop(): void {
    this.#link.stop();
  }

  async publish(channel: string, payload: Buffer): Promise<void> {
    const client = this.#client;
    // A user who may not publish probes may still publish this message: Redis decides.
    if (this.state.isMaster === false) throw this.#unavailable();
    try {
      await this.#send(client, channel, payload);
    } catch (error) {
      throw new BrokerUnavailableError(`Redis: ${(error as Error).message}`, { cause: error });
    }
  }

  async probe(payload: Buffer): Promise<void> {
    const client = this.#client;
    const [role, refusal] = await Promise.all([
      this.#roleOf(client),
      refusalToPublish(this.#send(client, this.#probeChannel, payload)),
    ]);
    this.#link.judged(client, stateOf(role, refusal));
  }

  async #setUp(client: RedisClient): Promise<BrokerState> {
    const reader = new RoleReader(client, this.#logger);
    this.#roles.set(client, reader);
    // If Redis refuses this connection, for a missing password or too many clients, its first answer says so.
    const role = await reader.read();
    const refusal = await refusalToPublish(client.publish(this.#probeChannel, NO_PROBE));
    if (!this.#hasLookedForEvents) await warnOfKeyspaceEvents(client, this.#pattern, this.#logger);
    this.#hasLookedForEvents = true;
    return stateOf(role, refusal);
  }

  get #client(): RedisClient {
    const { client } = this.#link;
    if (client === undefined) throw this.#unavailable();
    return client;
  }

  #unavailable(): BrokerUnavailableError {
    return new BrokerUnavailableError(`Redis: ${this.state.reason}`);
  }

  async #roleOf(client: RedisClient): Promise<RedisRole> {
    try {
      return (await this.#roles.get(client)?.read()) ?? UNKNOWN_ROLE;
    } catch (error) {
      // Redis may be busy, for example. Its answer to the probe says so too.
      if (error instanceof ErrorReply) return UNKNOWN_ROLE;
      throw error;
    }
  }

  async #send(client: RedisClient, channel: string, payload: Buffer): Promise<void> {
    const deadline = deadlineAfter(ANSWER_TIMEOUT_MS);
    try {
      await Promise.race([this.#link.answered(client, client.publish(channel, payload)), deadline.promise]);
    } finally {
      deadline.cancel();
    }
  }
}

/** Returns why Redis does not take a probe; empty if it does. */
async function refusalToPublish(answer: Promise<unknown>): Promise<string> {
  try {
    await answer;
    return '';
  } catch (error) {
    if (isNoPermission(error)) return refusalOf(error, `+publish &${OWN_PREFIX}*`);
    if (error instanceof ErrorReply) return error.message;
    throw error;
  }
}

function stateOf(role: RedisRole, refusal: string): BrokerState {
  const reason = refusal || role.reason;
  return { isConnected: reason === '', reason, isMaster: role.isMaster };
}
