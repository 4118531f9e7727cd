// Subscribe and publish from the browser, with the time from the click to the arrival.

const MOST_SHOWN = 20;

let subscription;
/** Messages published from here that have not come back: the time of each click, oldest first, by text. */
const published = new Map();

const channelOf = () => byId('channel').value;
const tell = (text) => setText('try-state', text);

/** The lines to copy into a terminal. */
function showCommands() {
  const asksForAdminToken = !byId('token-field').hidden;
  const path = channelPath(channelOf());
  setText(
    'subscribe-command',
    `10m-client subscribe ${shellWord(channelUrl(channelOf()))}${asksForToken ? ' --token-file FILE' : ''}`,
  );
  // As --data, but a message that begins with @ is no file.
  const parts = ['curl', '--data-raw', shellWord(byId('message').value)];
  // By a variable: a token in the text would be seen on the screen.
  if (asksForAdminToken) parts.push('-H "Authorization: Bearer $ADMIN_TOKEN"');
  setText('publish-command', [...parts, shellWord(`${location.origin}/publish/${path}`)].join(' '));
}

function showButton() {
  const isOn = subscription?.channel === channelOf();
  byId('subscribe').textContent = isOn ? 'Unsubscribe' : 'Subscribe';
  byId('subscribe').classList.toggle('on', isOn);
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

/** The time of the oldest click that published a text, which is forgotten; undefined where there was none. */
function takeClick(text) {
  const clicks = published.get(text) ?? [];
  const clickedMs = clicks.shift();
  if (clicks.length === 0) published.delete(text);
  return clickedMs;
}

function arrived(data) {
  const arrivedMs = performance.now();
  const now = clock(Date.now() / 1000);
  if (data === '') return showReceived('ping (an empty message)', now);
  const text = typeof data === 'string' ? data : `${data.byteLength} bytes`;
  const tookMs = arrivedMs - takeClick(text);
  if (Number.isNaN(tookMs)) showReceived(text, now);
  else showReceived(text, `after ${tookMs < 1000 ? `${decimal.format(tookMs)} ms` : seconds(tookMs / 1000)}`);
}

function unsubscribe() {
  subscription?.close();
  subscription = undefined;
  published.clear();
  showButton();
}

function subscribe() {
  unsubscribe();
  const token = byId('channel-token').value.trim();
  try {
    subscription = new Subscription(channelOf(), token, { tell, arrived, ended: unsubscribe });
  } catch {
    return tell('No connection: a token has none of these characters.');
  }
  showButton();
}

async function publish() {
  const text = byId('message').value;
  const channel = channelOf();
  const token = byId('token').value;
  const isSubscribed = subscription?.channel === channel;
  if (isSubscribed) published.set(text, [...(published.get(text) ?? []), performance.now()]);
  const answer = await fetch(`/publish/${channelPath(channel)}`, {
    method: 'POST',
    body: text,
    headers: token === '' ? {} : { Authorization: `Bearer ${token}` },
  }).catch(() => undefined);
  if (answer?.status === 202) {
    return tell(isSubscribed ? `Published to ${channel}.` : 'Published. Subscribe to see messages arrive.');
  }
  takeClick(text);
  if (answer?.status === 401) {
    byId('token-field').hidden = false;
    byId('token').focus();
    showCommands();
    return tell(token === '' ? 'Publishing asks for the admin token.' : 'That is not the token.');
  }
  const error = await answer?.json().catch(() => undefined);
  tell(`Not published: ${error?.error ?? 'no answer from the server'}.`);
}

byId('subscribe-form').addEventListener('submit', (event) => {
  event.preventDefault();
  if (subscription?.channel !== channelOf()) return subscribe();
  unsubscribe();
  tell('Unsubscribed.');
});
byId('publish-form').addEventListener('submit', (event) => {
  event.preventDefault();
  void publish();
});
byId('channel').addEventListener('input', () => {
  showButton();
  showCommands();
  if (subscription === undefined) return;
  const { channel } = subscription;
  tell(
    channel === channelOf()
      ? `Subscribed to ${channel}.`
      : `Still subscribed to ${channel}, until you subscribe to another channel.`,
  );
});
byId('message').addEventListener('input', showCommands);
byId('channel-token-field').hidden = !asksForToken;
byId('channel-token').required = asksForToken;
showCommands();
