// The try-it panel's WebSocket: one channel, until it is closed from here or refused for good.

const webSocketScheme = document.querySelector('meta[name="websocket-scheme"]').content;
const webSocketPort = document.querySelector('meta[name="websocket-port"]').content;
const asksForToken = document.querySelector('meta[name="websocket-auth"]').content === 'jwt';

/** The backoff where the server gave no hint: full jitter below these. */
const FIRST_BACKOFF_S = 1;
const MAX_BACKOFF_S = 30;
const REFUSED = 1008;

const channelUrl = (channel) =>
  `${webSocketScheme}://${location.hostname}:${webSocketPort}/${channelPath(channel)}`;

/** When to come back, in seconds: a random time within the hint `retry=MIN-MAX`, else exponential backoff. */
function retryDelayS(reason, attempt) {
  const hint = /^retry=(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)$/.exec(reason);
  if (hint === null) return Math.random() * Math.min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2 ** attempt);
  const [min, max] = [Number(hint[1]), Number(hint[2])];
  return min + Math.random() * Math.max(0, max - min);
}

const inSeconds = (delayS) =>
  delayS < 1.5 ? 'in about a second' : `in about ${duration(Math.round(delayS))}`;

class Subscription {
  #socket;
  #timer;
  #wasOpen = false;
  #attempt = 0;

  /**
   * @param tell gets each change in words
   * @param arrived gets each message
   * @param ended is called when the server refuses this subscription for good
   */
  constructor(channel, token, { tell, arrived, ended }) {
    this.channel = channel;
    this.token = token;
    this.tell = tell;
    this.arrived = arrived;
    this.ended = ended;
    this.#connect();
  }

  close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #connect() {
    const url = channelUrl(this.channel);
    // A token in the URL would end up in logs, and a browser can set no other header.
    const socket = new WebSocket(url, asksForToken ? ['10m.v1', `token.${this.token}`] : []);
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    if (!this.#wasOpen) this.tell(`Connecting to ${url} …`);
    socket.addEventListener('open', () => {
      this.#wasOpen = true;
      this.#attempt = 0;
      this.tell(`Subscribed to ${this.channel}.`);
    });
    socket.addEventListener('message', ({ data }) => this.arrived(data));
    socket.addEventListener('close', ({ code, reason }) => {
      if (this.#socket === socket) this.#closed(code, reason);
    });
  }

  #closed(code, reason) {
    this.#socket = undefined;
    if (code === REFUSED) {
      this.tell(
        `The server closed the connection for good: ${reason || 'refused by policy'} (code ${code}).`,
      );
      return this.ended();
    }
    if (!this.#wasOpen) {
      const advice = asksForToken ? ' Does the token name the channel, and is it still valid?' : '';
      this.tell(`No connection to ${channelUrl(this.channel)}.${advice}`);
      return this.ended();
    }
    const delayS = retryDelayS(reason, this.#attempt);
    const why = this.#attempt === 0 ? `The connection ended (${wordsOf(code)}).` : 'No connection yet.';
    this.#attempt++;
    this.tell(`${why} Subscribing again ${inSeconds(delayS)}.`);
    this.#timer = setTimeout(() => this.#connect(), delayS * 1000);
  }
}

const closeWords = {
  1001: 'the server stops',
  1006: 'it was lost',
  1012: 'its worker restarts',
  1013: 'the server is over a limit',
  4000: 'messages were left unread',
};
const wordsOf = (code) =>
  closeWords[code] === undefined ? `code ${code}` : `${closeWords[code]}, code ${code}`;
