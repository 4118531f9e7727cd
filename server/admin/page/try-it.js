// Subscribe and publish from the browser, with the time from the click to the arrival.

const webSocketScheme = document.querySelector('meta[name="websocket-scheme"]').content;
const webSocketPort = document.querySelector('meta[name="websocket-port"]').content;
const asksForToken = document.querySelector('meta[name="websocket-auth"]').content === 'jwt';
const MOST_SHOWN = 20;

let socket;
/** Messages published from here that have not come back: the time of each click, oldest first, by text. */
const published = new Map();

const channelOf = () => byId('channel').value;
const channelPath = () => encodeURIComponent(channelOf()).replaceAll('%2F', '/');
const channelUrl = () => `${webSocketScheme}://${location.hostname}:${webSocketPort}/${channelPath()}`;

function showCommands() {
  const withToken = asksForToken ? ' --token-file FILE' : '';
  setText('subscribe-command', `10m-client subscribe '${channelUrl()}'${withToken}`);
  setText('publish-command', `curl -d hello '${location.origin}/publish/${channelPath()}'`);
}

function showSubscribed(isSubscribed) {
  byId('subscribe').textContent = isSubscribed ? 'Unsubscribe' : 'Subscribe';
  byId('subscribe').setAttribute('aria-pressed', String(isSubscribed));
}

function showReceived(text, note) {
  const item = document.createElement('li');
  for (const [className, content] of [
    ['text', text],
    ['when', note],
  ]) {
    const part = item.appendChild(document.createElement('span'));
    part.className = className;
    part.textContent = content;
  }
  byId('received').prepend(item);
  while (byId('received').children.length > MOST_SHOWN) byId('received').lastChild.remove();
}

function arrived(data) {
  const arrivedMs = performance.now();
  if (data === '') return showReceived('ping', 'an empty message');
  const text = typeof data === 'string' ? data : `${data.byteLength} bytes`;
  const clicks = published.get(text);
  const clickedMs = clicks?.shift();
  if (clicks?.length === 0) published.delete(text);
  showReceived(
    text,
    clickedMs === undefined ? clock(Date.now() / 1000) : `after ${decimal.format(arrivedMs - clickedMs)} ms`,
  );
}

function unsubscribe() {
  const old = socket;
  socket = undefined;
  old?.close();
  showSubscribed(false);
}

function subscribe() {
  const channel = channelOf();
  const token = byId('channel-token').value.trim();
  // A token in the URL would end up in logs, and a browser can set no other header.
  const opening = new WebSocket(channelUrl(), asksForToken ? ['10m.v1', `token.${token}`] : []);
  let wasOpen = false;
  socket = opening;
  opening.binaryType = 'arraybuffer';
  setText('try-state', `Connecting to ${opening.url} …`);
  opening.addEventListener('open', () => {
    wasOpen = true;
    showSubscribed(true);
    setText('try-state', `Subscribed to ${channel}.`);
  });
  opening.addEventListener('message', ({ data }) => arrived(data));
  opening.addEventListener('close', ({ code, reason }) => {
    if (socket !== opening) return;
    unsubscribe();
    const why = reason === '' ? `code ${code}` : `code ${code}, ${reason}`;
    const noConnection = `No connection to ${opening.url}.`;
    const advice = asksForToken ? ' Does the token name the channel, and is it still valid?' : '';
    setText('try-state', wasOpen ? `The connection ended (${why}).` : noConnection + advice);
  });
}

async function publish() {
  const text = byId('message').value;
  const token = byId('token').value;
  const clicks = published.get(text) ?? [];
  const clickedMs = performance.now();
  published.set(text, [...clicks, clickedMs]);
  const answer = await fetch(`/publish/${channelPath()}`, {
    method: 'POST',
    body: text,
    headers: token === '' ? {} : { Authorization: `Bearer ${token}` },
  }).catch(() => undefined);
  if (answer?.status === 202) {
    setText(
      'try-state',
      socket === undefined ? 'Published. Subscribe to see messages arrive.' : `Published to ${channelOf()}.`,
    );
    return;
  }
  published.delete(text);
  if (answer?.status === 401) {
    byId('token-field').hidden = false;
    byId('token').focus();
    setText('try-state', token === '' ? 'Publishing asks for the admin token.' : 'That is not the token.');
    return;
  }
  const error = await answer?.json().catch(() => undefined);
  setText('try-state', `Not published: ${error?.error ?? 'no answer from the server'}.`);
}

byId('subscribe-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (socket === undefined) return subscribe();
  unsubscribe();
  setText('try-state', 'Unsubscribed.');
});
byId('publish-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void publish();
});
byId('channel').addEventListener('input', () => {
  if (socket !== undefined) unsubscribe();
  showCommands();
});
byId('channel-token-field').hidden = !asksForToken;
byId('channel-token').required = asksForToken;
showCommands();
