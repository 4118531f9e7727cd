import t from 'tap';
import { AppTopics } from '../../../server/worker/app-topics.js';
import type { Topics } from '../../../server/worker/fan-out.js';

function appWith(members: number) {
  const published: string[] = [];
  const app: Topics = {
    publish(topic, message) {
      published.push(`${topic} ${Buffer.from(message)}`);
      return members > 0;
    },
    numSubscribers: () => members,
  };
  return { app, published };
}

t.test('a channel has the members of all apps, and a message goes to each app', (t) => {
  const topics = new AppTopics();
  const [plain, tls] = [appWith(0), appWith(3)];
  topics.add(plain.app);
  topics.add(tls.app);
  t.equal(topics.numSubscribers('news'), 3);
  t.equal(topics.numSubscribersBeside(tls.app, new ArrayBuffer(1)), 0);
  t.equal(topics.numSubscribersBeside(plain.app, new ArrayBuffer(1)), 3);
  t.ok(topics.publish('news', Buffer.from('hello'), false), 'one member anywhere is enough');
  t.same([plain.published, tls.published], [['news hello'], ['news hello']]);
  t.end();
});

t.test('an app that leaves twice takes no other one with it', (t) => {
  const topics = new AppTopics();
  const [old, current] = [appWith(1), appWith(2)];
  topics.add(old.app);
  topics.add(current.app);
  topics.remove(old.app);
  topics.remove(old.app);
  t.equal(topics.numSubscribers('news'), 2);
  topics.publish('news', Buffer.from('hello'), false);
  t.same(old.published, []);
  t.end();
});
