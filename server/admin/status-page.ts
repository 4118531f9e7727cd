// The status page: one self-contained document. The browser accepts its scripts and styles only by their hashes.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { StatusStream } from './status-stream.js';

/** The page's sources, next to the compiled server in the package. */
const folder = new URL('../../../server/admin/page/', import.meta.url);

/** The document, and the part of its Content-Security-Policy that is the same for everybody. */
interface Page {
  readonly html: Buffer;
  readonly policy: string;
}

/** What the page needs to know before the first snapshot. */
export interface PageSettings {
  /** Scheme and port of the WebSocket listener that the page's own connection goes to. */
  readonly webSocketScheme: 'ws' | 'wss';
  readonly webSocketPort: number;
  /** The authentication that the page needs to subscribe. */
  readonly webSocketAuth: 'none' | 'jwt';
}

function buildPage(settings: PageSettings): Page {
  const library = createRequire(import.meta.url).resolve('uplot');
  const read = (name: string): string => {
    const path = name.startsWith('uPlot.') ? join(dirname(library), name) : new URL(name, folder);
    return readFileSync(path, 'utf8');
  };
  const styles: string[] = [];
  const scripts: string[] = [];
  const html = read('index.html')
    .replace('{{webSocketScheme}}', settings.webSocketScheme)
    .replace('{{webSocketAuth}}', settings.webSocketAuth)
    .replace('{{webSocketPort}}', String(settings.webSocketPort))
    .replace(/<link rel="stylesheet" href="([^"]+)">/g, (_tag, name: string) => {
      styles.push(read(name));
      return `<style>${styles.at(-1)}</style>`;
    })
    .replace(/<script src="([^"]+)"><\/script>/g, (_tag, name: string) => {
      scripts.push(read(name));
      return `<script>${scripts.at(-1)}</script>`;
    });
  return {
    html: Buffer.from(html),
    policy: [
      "default-src 'none'",
      `script-src ${scripts.map(hashOf).join(' ')}`,
      `style-src ${styles.map(hashOf).join(' ')}`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join('; '),
  };
}

/** A source expression for an inline element (Content Security Policy Level 3, section 2.3.1). */
const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** Serves the page at `/` and its stream at `/events`. */
export class StatusPage {
  readonly #stream: StatusStream;
  readonly #settings: PageSettings;
  #page: Page | undefined;

  constructor(stream: StatusStream, settings: PageSettings) {
    this.#stream = stream;
    this.#settings = settings;
  }

  /** Whether a request is for the page or its stream. */
  isFor({ method }: IncomingMessage, path: string): boolean {
    if (path === '/') return method === 'GET' || method === 'HEAD';
    return path === '/events' && method === 'GET';
  }

  /** Answers a request that is for the page or its stream. */
  serve(request: IncomingMessage, response: ServerResponse, path: string): void {
    if (path === '/events') this.#stream.add(response);
    else this.#sendPage(request, response);
  }

  #sendPage(request: IncomingMessage, response: ServerResponse): void {
    let page: Page;
    try {
      page = this.#page ??= buildPage(this.#settings);
    } catch (error) {
      response.writeHead(500, { 'Content-Type': 'text/plain; charset=utf-8' });
      response.end(`the status page is not installed completely: ${(error as Error).message}\n`);
      return;
    }
    const { html, policy } = page;
    response.writeHead(200, {
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Length': html.byteLength,
      'Content-Security-Policy': `${policy}; connect-src ${this.#connectSources(request)}`,
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : html);
  }

  /** Allows this listener, and the WebSocket listener under the host name that the browser used. */
  #connectSources(request: IncomingMessage): string {
    const host = /^([\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/i.exec(request.headers.host ?? '')?.[1];
    const { webSocketScheme, webSocketPort } = this.#settings;
    return host === undefined ? "'self'" : `'self' ${webSocketScheme}://${host}:${webSocketPort}`;
  }
}
