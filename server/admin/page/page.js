// The stream of the server: its history, then its snapshots; shows them, and says so when they stop coming. The stream is
// opened again by itself.

/** Without a snapshot for this long the server counts as slow; then the stream is made anew. */
const SLOW_MS = 3500;
const GIVE_UP_MS = 12_000;

let stream;
let openedMs = 0;
let heardMs = 0;
let isLost = false;
/** The server that is heard; another one after a restart. */
let instance;
/** Snapshots of the last minute, oldest first. */
let snapshots = [];
/** The newest one that has every worker's answer. */
let complete;

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

/** Counters begin anew with each server, and the lines of the charts with them. */
function meet(met) {
  if (instance === met) return;
  instance = met;
  snapshots = [];
  complete = undefined;
  addGap();
}

function heardHistory({ data }) {
  const history = JSON.parse(data);
  meet(history.instance);
  addHistory(history.points);
  showCharts();
}

function heardSnapshot({ data }) {
  const now = JSON.parse(data);
  heardMs = performance.now();
  isLost = false;
  meet(now.instance);
  snapshots.push(now);
  if (snapshots.length > 60) snapshots.shift();
  showServerState(now);
  showSnapshot(now, snapshots.at(-2) ?? now, snapshots[0]);
  addSnapshot(now, complete);
  if (now.workersMissing === 0) complete = now;
  showCharts();
}

function open() {
  stream?.close();
  stream = new EventSource('/events');
  openedMs = performance.now();
  stream.addEventListener('history', heardHistory);
  stream.addEventListener('message', heardSnapshot);
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
