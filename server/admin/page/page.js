// The stream of snapshots: shows each, and says so when they stop coming; the stream is opened again by itself.

/** Without a snapshot for this long the server counts as slow; then the stream is made anew. */
const SLOW_MS = 3500;
const GIVE_UP_MS = 12_000;

let stream;
let openedMs = 0;
let heardMs = 0;
let isLost = false;
/** Snapshots of the last minute, oldest first. */
let history = [];

function showState(kind, text) {
  byId('state').dataset.kind = kind;
  setText('state-text', text);
  byId('main').classList.toggle('stale', kind === 'bad');
  document.title = kind === 'good' ? '10m' : `10m: ${text}`;
}

function showServerState({ ready, reason, drain }) {
  if (drain?.reason === 'stopping') showState('warn', 'Draining');
  else if (ready) showState('good', drain === null ? 'Serving' : 'Serving, while a restart rolls');
  else showState('warn', `Not ready: ${reason}`);
}

function heard({ data }) {
  const now = JSON.parse(data);
  heardMs = performance.now();
  isLost = false;
  if (history[0]?.instance !== now.instance) history = [];
  history.push(now);
  if (history.length > 60) history.shift();
  showServerState(now);
  showSnapshot(now, history.at(-2) ?? now, history[0]);
}

function open() {
  stream?.close();
  stream = new EventSource('/events');
  openedMs = performance.now();
  stream.addEventListener('message', heard);
  stream.addEventListener('error', () => {
    isLost = true;
    showState('bad', 'The server is gone; trying again');
  });
}

setInterval(() => {
  const silentMs = performance.now() - Math.max(heardMs, openedMs);
  if (isLost && stream.readyState === EventSource.CLOSED) return open();
  if (isLost || silentMs < SLOW_MS) return;
  showState(
    'bad',
    `The server does not answer; last heard of ${duration(Math.round((performance.now() - heardMs) / 1000))} ago`,
  );
  if (silentMs > GIVE_UP_MS) open();
}, 1000);

open();
