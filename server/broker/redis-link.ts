// A connection to Redis that is replaced when it is lost. A connection that only falls silent is kept until its replacement
// is ready.
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorReply } from 'redis';
import { backoffMs } from '../command/backoff.js';
import { type Deadline, deadlineAfter } from '../command/deadline.js';
import type { Logger } from '../logger.js';
import type { BrokerState } from './broker.js';
import { newRedisClient, type RedisClient } from './redis-client.js';
import { reasonOf } from './redis-fault.js';
import { StateReport } from './state-report.js';

/** How long Redis may take to answer a command, and how long the whole setup of a new connection may take. */
export const ANSWER_TIMEOUT_MS = 5000;
/** How often a connection is checked. Beats are counted, not time: a blocked process could not have received anything. */
const BEAT_MS = 2000;
/** After this many silent beats, a connection is in doubt. At the first of them, a PING is sent. */
const SILENT_BEATS = 3;
const BACKOFF = { firstMs: 50, maxMs: 2000 };
/** Only a connection that has lasted this long resets the backoff, because some are cut again and again. */
const STABLE_MS = 10_000;

export interface RedisLinkParts {
  /** For the log. */
  readonly name: 'publisher' | 'subscription';
  readonly url: string;
  readonly logger: Logger;
  /**
   * Prepares a new connection for use; called once for each. If it rejects, the connection is closed.
   *
   * @returns the state of the broker over this connection
   */
  setUp(client: RedisClient): Promise<BrokerState>;
  /** The log message for an open connection that cannot do everything it should. */
  readonly complaint: string;
  /** @param client the connection in use */
  onState?(state: BrokerState, client: RedisClient | undefined): void;
}

/** Keeps one connection to Redis, and reports each change of its state once. */
export class RedisLink {
  readonly #parts: RedisLinkParts;
  readonly #report: StateReport;
  /** The connection in use. */
  #client: RedisClient | undefined;
  /** The connection that is being set up to replace it. */
  #candidate: RedisClient | undefined;
  #candidateDeadline: Deadline | undefined;
  /** The state of the connection in use. */
  #standing: BrokerState | undefined;
  #stoodSinceMs = 0;
  #attempts = 0;
  #isInDoubt = false;
  #isConnecting = false;
  #isStopped = false;
  #wasHeard = false;
  #silentBeats = 0;
  #beat: NodeJS.Timeout | undefined;

  constructor(parts: RedisLinkParts) {
    this.#parts = parts;
    this.#report = new StateReport(parts.name, parts.logger, (state) => parts.onState?.(state, this.#client));
  }

  get state(): BrokerState {
    return this.#report.state;
  }

  /** The connection for commands; `undefined` while there is none, or while the one in use is in doubt. */
  get client(): RedisClient | undefined {
    return this.#isInDoubt ? undefined : this.#client;
  }

  isInUse(client: RedisClient): boolean {
    return client === this.#client;
  }

  start(): void {
    this.#beat = setInterval(() => this.#look(), BEAT_MS).unref();
    void this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#beat);
    this.#candidateDeadline?.cancel();
    this.#client?.destroy();
    this.#candidate?.destroy();
    this.#client = undefined;
    this.#candidate = undefined;
  }

  /**
   * Notes that Redis has sent something on a connection. A connection that was in doubt is trusted again.
   *
   * @returns false if the connection is not in use; its messages must then be ignored, because they would arrive twice
   */
  heard(client: RedisClient): boolean {
    if (client !== this.#client) return false;
    this.#wasHeard = true;
    if (this.#isInDoubt) this.#trust();
    return true;
  }

  /** Awaits an answer of Redis on a connection, and notes that it came. A refusal is an answer too. */
  async answered<T>(client: RedisClient, answer: Promise<T>): Promise<T> {
    try {
      const value = await answer;
      this.heard(client);
      return value;
    } catch (error) {
      if (error instanceof ErrorReply) this.heard(client);
      throw error;
    }
  }

  /** Sets the new state of the connection in use. */
  judged(client: RedisClient, state: BrokerState): void {
    if (client !== this.#client) return;
    this.#standing = state;
    if (!this.#isInDoubt) this.#report.change(state, this.#parts.complaint);
  }

  /** Discards a connection that cannot be used any more. */
  lost(client: RedisClient, error: Error): void {
    if (client !== this.#client) return;
    client.destroy();
    this.#client = undefined;
    this.#standing = undefined;
    this.#isInDoubt = false;
    this.#failed(error, 'lost, trying again', false);
    void this.#connect();
  }

  get #needsConnection(): boolean {
    return !this.#isStopped && (this.#client === undefined || this.#isInDoubt);
  }

  async #connect(): Promise<void> {
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    const wasStable = this.#stoodSinceMs > 0 && performance.now() - this.#stoodSinceMs > STABLE_MS;
    if (wasStable) this.#attempts = 1;
    while (this.#needsConnection) {
      if (this.#attempts > 0) {
        await sleep(backoffMs(this.#attempts - 1, BACKOFF, Math.random), undefined, { ref: false });
      }
      if (!this.#needsConnection) break;
      this.#attempts++;
      await this.#try();
    }
    this.#isConnecting = false;
  }

  async #try(): Promise<void> {
    const client = newRedisClient(this.#parts.url);
    this.#candidate = client;
    // After an exception in its reader, the client keeps reading but can no longer parse. So every error ends it.
    const failure = new Promise<never>((_, reject) => client.on('error', reject));
    failure.catch((error: Error) => this.lost(client, error));
    const deadline = deadlineAfter(ANSWER_TIMEOUT_MS);
    this.#candidateDeadline = deadline;
    const connecting = client.connect();
    connecting.then(
      // A client that is destroyed while its socket connects still becomes ready later.
      () => this.#isOurs(client) || client.destroy(),
      () => {},
    );
    try {
      const setUp = connecting.then(() => this.#parts.setUp(client));
      const state = await Promise.race([setUp, failure, deadline.promise]);
      if (client === this.#client || this.takeOver(client)) this.#stand(state);
    } catch (error) {
      if (client === this.#client) this.lost(client, error as Error);
      else if (client === this.#candidate) this.#failed(error as Error, 'cannot connect, trying again', true);
    } finally {
      deadline.cancel();
      if (client === this.#candidate) this.#candidate = undefined;
      if (!this.#isOurs(client)) client.destroy();
    }
  }

  #isOurs(client: RedisClient): boolean {
    return client === this.#client || client === this.#candidate;
  }

  /**
   * Replaces the connection in use with the one that was being set up, once that one works.
   *
   * @returns false if the new connection is no longer needed
   */
  takeOver(client: RedisClient): boolean {
    if (client !== this.#candidate) return false;
    this.#client?.destroy();
    this.#client = client;
    this.#candidate = undefined;
    this.#isInDoubt = false;
    this.#wasHeard = true;
    return true;
  }

  #stand(state: BrokerState): void {
    this.#stoodSinceMs = performance.now();
    this.#standing = state;
    this.#report.change(state, this.#parts.complaint);
  }

  #look(): void {
    const client = this.#client;
    if (client === undefined) return;
    this.#silentBeats = this.#wasHeard ? 0 : this.#silentBeats + 1;
    this.#wasHeard = false;
    if (this.#silentBeats === 1) this.answered(client, client.sendCommand(['PING'])).catch(() => {});
    if (this.#silentBeats !== SILENT_BEATS) return;
    this.#isInDoubt = true;
    this.#failed(new Error(`silent for ${(BEAT_MS * SILENT_BEATS) / 1000} s`), 'lost, trying again', false);
    void this.#connect();
  }

  /** Redis has answered on the connection in doubt, so its replacement is not needed. */
  #trust(): void {
    this.#isInDoubt = false;
    this.#candidate?.destroy();
    this.#candidate = undefined;
    if (this.#standing !== undefined) this.#report.change(this.#standing, this.#parts.complaint);
  }

  #failed(error: Error, problem: string, isNew: boolean): void {
    if (this.#isStopped) return;
    const reason = reasonOf(error, { isTls: this.#parts.url.startsWith('rediss:'), isNew });
    this.#report.change({ isConnected: false, reason }, problem);
  }
}
