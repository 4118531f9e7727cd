// What was published on which channel against what each client got.
import type { TestConnection } from './sockets.js';

/** What a ledger comes to, over all the clients asked about. */
export interface Account {
  /** Messages that clients were owed. */
  readonly owed: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  /** Messages that were never published on the client's channel. */
  readonly foreign: number;
}

/** The account in which everything was delivered, once and in order. */
export const clean = { lost: 0, duplicated: 0, outOfOrder: 0, foreign: 0 } as const;

/** Publishes; resolves with whether every worker was handed the message, and a rejection says that it is not known. */
export type Send = (channel: string, text: string) => Promise<boolean>;

/** Publishes over HTTP, one message after the other: only so is there an order that clients are owed. */
export function httpSender(server: { publish(channel: string, body: string): Promise<number> }): Send {
  let last: Promise<unknown> = Promise.resolve();
  return (channel, text) => {
    const sent = last.then(async () => (await server.publish(channel, text)) === 202);
    last = sent.catch(() => {});
    return sent;
  };
}

interface Page {
  /** By number: whether the broker said that it has handed the message on. */
  readonly isOwed: boolean[];
}

interface Entry {
  readonly channel: string;
  readonly connection: TestConnection;
  /** The first message of the channel that is for this client. */
  readonly from: number;
}

const STREAM_INTERVAL_MS = 20;
/** How long the last messages may take before they count as lost. */
const SETTLE_MS = 10_000;

/** Numbers the messages of each channel, and holds each client's share against them. */
export class Ledger {
  readonly #pages = new Map<string, Page>();
  readonly #entries: Entry[] = [];
  readonly #messageBytes: number;
  /** Messages whose publisher was told no, or nothing: they may arrive or not. */
  unsure = 0;

  /** @param messageBytes to which messages are filled up with spaces */
  constructor(messageBytes = 0) {
    this.#messageBytes = messageBytes;
  }

  /** Notes a client that is subscribed to a channel from now on. */
  join(channel: string, connection: TestConnection): void {
    this.#entries.push({ channel, connection, from: this.#page(channel).isOwed.length });
  }

  /** Publishes the next message of a channel; whether clients are owed it. */
  async publish(channel: string, send: Send): Promise<boolean> {
    const { isOwed } = this.#page(channel);
    const number = isOwed.push(false) - 1;
    isOwed[number] = await send(channel, textOf(channel, number).padEnd(this.#messageBytes)).catch(
      () => false,
    );
    if (!isOwed[number]) this.unsure++;
    return isOwed[number];
  }

  /**
   * Publishes on each of these channels again and again, whether the last message has been answered or not.
   *
   * @returns ends the stream, and waits for the answers
   */
  stream(channels: readonly string[], send: Send): () => Promise<void> {
    const answers: Promise<boolean>[] = [];
    const timer = setInterval(() => {
      for (const channel of channels) answers.push(this.publish(channel, send));
    }, STREAM_INTERVAL_MS).unref();
    return async () => {
      clearInterval(timer);
      await Promise.all(answers);
    };
  }

  /** Waits until each client that is still connected has its last owed message; gives up on what is too late. */
  async settle(): Promise<void> {
    const waits = this.#entries.map(({ channel, connection, from }) => {
      const last = this.#page(channel).isOwed.lastIndexOf(true);
      const text = textOf(channel, last).padEnd(this.#messageBytes);
      return last < from ? undefined : hasReceived(connection, text);
    });
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise((resolve) => {
      timer = setTimeout(resolve, SETTLE_MS);
    });
    await Promise.race([Promise.all(waits), tooLate]);
    clearTimeout(timer);
  }

  /** Adds up what became of the clients' messages; those of clients that were hit themselves can be left out. */
  account(isAsked: (connection: TestConnection) => boolean = () => true): Account {
    const sum = { owed: 0, ...clean } as { -readonly [key in keyof Account]: number };
    for (const entry of this.#entries) {
      if (!isAsked(entry.connection)) continue;
      const share = shareOf(entry, this.#page(entry.channel));
      for (const key of Object.keys(sum) as (keyof Account)[]) sum[key] += share[key];
    }
    return sum;
  }

  #page(channel: string): Page {
    let page = this.#pages.get(channel);
    if (page === undefined) {
      page = { isOwed: [] };
      this.#pages.set(channel, page);
    }
    return page;
  }
}

async function hasReceived(connection: TestConnection, text: string): Promise<void> {
  let looked = 0;
  await connection.until(() => {
    while (looked < connection.received.length) {
      if (connection.received[looked++]!.data.toString() === text) return true;
    }
    return false;
  });
}

const textOf = (channel: string, number: number): string => `${channel} ${number}`;

function shareOf({ channel, connection, from }: Entry, { isOwed }: Page): Account {
  const seen = new Set<number>();
  let [duplicated, outOfOrder, foreign, newest] = [0, 0, 0, -1];
  for (const text of connection.texts) {
    const number = Number(text.slice(channel.length + 1));
    if (text.trimEnd() !== textOf(channel, number) || !(number in isOwed)) foreign++;
    else if (seen.has(number)) duplicated++;
    else if (number < newest) outOfOrder++;
    newest = Math.max(newest, number);
    seen.add(number);
  }
  // A client that was closed is owed what came before the last message that it got.
  const until = connection.socket.readyState === connection.socket.OPEN ? isOwed.length : newest;
  const owed = isOwed.flatMap((is, number) => (is && number >= from && number <= until ? [number] : []));
  return {
    owed: owed.length,
    lost: owed.filter((number) => !seen.has(number)).length,
    duplicated,
    outOfOrder,
    foreign,
  };
}
