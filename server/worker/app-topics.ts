// Joins the topics of several uWS apps. The members of a channel may have connected over plain ports, over TLS, or over TLS
// with an earlier certificate, and each app knows only its own.
import type { Topics } from './fan-out.js';

/** The topics of all apps that have sockets. */
export class AppTopics implements Topics {
  readonly #apps = new Set<Topics>();

  add(app: Topics): void {
    this.#apps.add(app);
  }

  remove(app: Topics): void {
    this.#apps.delete(app);
  }

  publish(topic: string | Uint8Array, message: Uint8Array, isBinary: boolean): boolean {
    let isPublished = false;
    for (const app of this.#apps) isPublished = app.publish(topic, message, isBinary) || isPublished;
    return isPublished;
  }

  numSubscribers(topic: string | Uint8Array | ArrayBuffer): number {
    let count = 0;
    for (const app of this.#apps) count += app.numSubscribers(topic);
    return count;
  }

  /** The number of subscribers of a topic in all apps except one. */
  numSubscribersBeside(app: Topics, topic: ArrayBuffer): number {
    let count = 0;
    for (const other of this.#apps) if (other !== app) count += other.numSubscribers(topic);
    return count;
  }
}
