// A message for many channels: reads the JSON of the publisher, publishes, and returns the outcome for each channel.
import { BrokerUnavailableError, type Publisher } from '../broker/broker.js';
import { checkChannel } from '../channel.js';

/** Most channels of one publication. */
export const MAX_CHANNELS = 1000;
/** In a JSON string, a byte of the message can take six bytes (`\u0000`). */
const MAX_JSON_GROWTH = 6;
const MAX_CHANNELS_BYTES = 1024 * 1024;
/** Most values in the whole JSON. JSON.parse would need 1 s for 7 MB of nested lists. */
const MAX_VALUES = 4 * MAX_CHANNELS;

/** Most messages, and most of their bytes, that the broker gets at a time. */
const MAX_IN_FLIGHT = 64;
const MAX_IN_FLIGHT_BYTES = 4 * 1024 * 1024;
/** The channels that are left after this time are not tried. */
const DEADLINE_MS = 30_000;

export interface Publication {
  readonly channels: readonly string[];
  readonly message: Buffer;
}

/** The outcome of a publication for each channel. */
export interface Outcome {
  readonly published: readonly string[];
  /** Channels on which the message was not published, or may not have been. */
  readonly failed: readonly string[];
  /** Why the first of them failed; `undefined` when none did. */
  readonly reason: string | undefined;
}

/** Most bytes of a JSON body. */
export const maxJsonBytes = (maxMessageBytes: number): number =>
  MAX_JSON_GROWTH * maxMessageBytes + MAX_CHANNELS_BYTES;

/** The publication that a JSON body asks for, or what is wrong with it, in one line. */
export function parsePublication(body: Buffer): Publication | string {
  if (hasTooManyValues(body)) {
    return `the body holds more than ${MAX_VALUES} values; "channels" may name ${MAX_CHANNELS} channels`;
  }
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    return 'the body is no JSON; give {"channels": ["news"], "message": "hello"}, or POST /publish/CHANNEL';
  }
  const { channels, message } = (value ?? {}) as { channels?: unknown; message?: unknown };
  if (!Array.isArray(channels) || channels.length === 0) return '"channels" must be a list of channels';
  if (channels.length > MAX_CHANNELS) {
    return `"channels" names ${channels.length} channels; ${MAX_CHANNELS} are allowed`;
  }
  if (typeof message !== 'string') return '"message" must be a string';
  if (!message.isWellFormed()) return '"message" holds half of a surrogate pair';
  for (const [i, channel] of channels.entries()) {
    const checked = typeof channel === 'string' ? checkChannel(channel) : undefined;
    if (checked === undefined) return `channels[${i}] is no string`;
    if (typeof checked !== 'string') return `channels[${i}]: ${checked.body.trim()}`;
  }
  return { channels, message: Buffer.from(message) };
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;

/** Counts lists, objects and commas outside of strings. This takes 1 ms per MB. */
function hasTooManyValues(body: Buffer): boolean {
  let values = 0;
  let isInString = false;
  for (let i = 0; i < body.byteLength; i++) {
    const byte = body[i];
    if (byte === QUOTE) isInString = !isInString;
    else if (byte === BACKSLASH) i++;
    else if (!isInString && (byte === COMMA || byte === OPEN_LIST || byte === OPEN_OBJECT)) values++;
    if (values > MAX_VALUES) return true;
  }
  return false;
}

/**
 * Publishes on each channel, a few at a time. If one of them fails, the others get the message all the same.
 *
 * @throws {Error} any error of the publisher that is not a {@link BrokerUnavailableError}
 */
export async function publishToAll(
  publisher: Publisher,
  { channels, message }: Publication,
  now: () => number = () => performance.now(),
): Promise<Outcome> {
  const deadlineMs = now() + DEADLINE_MS;
  const reasons: (string | undefined)[] = [];
  const indexes = channels.keys();
  const lane = async (): Promise<void> => {
    for (const i of indexes) {
      reasons[i] =
        now() > deadlineMs
          ? `not tried within ${DEADLINE_MS / 1000} s`
          : await reasonOf(publisher.publish(channels[i]!, message));
    }
  };
  const lanes = Math.floor(MAX_IN_FLIGHT_BYTES / Math.max(1, message.byteLength));
  await Promise.all(Array.from({ length: Math.min(MAX_IN_FLIGHT, Math.max(1, lanes)) }, lane));
  return {
    published: channels.filter((_, i) => reasons[i] === undefined),
    failed: channels.filter((_, i) => reasons[i] !== undefined),
    reason: reasons.find((reason) => reason !== undefined),
  };
}

/** Why a publication failed; `undefined` when it did not. */
async function reasonOf(publication: Promise<void>): Promise<string | undefined> {
  try {
    await publication;
    return undefined;
  } catch (error) {
    if (error instanceof BrokerUnavailableError) return error.message;
    throw error;
  }
}
