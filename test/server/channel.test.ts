import t from 'tap';
import { channelOfPath, checkChannel } from '../../server/channel.js';
import { refusals } from '../../server/codes.js';

t.test('a path is a channel: percent-decoded, without its first slash', (t) => {
  t.equal(channelOfPath('/news'), 'news');
  t.equal(channelOfPath('/a/b//c/'), 'a/b//c/');
  t.equal(channelOfPath('//'), '/');
  t.equal(channelOfPath('/%C3%A9t%C3%A9%2Fx%20y'), 'été/x y');
  t.equal(channelOfPath('/été'), 'été');
  t.equal(channelOfPath('/%EF%BF%BD'), '\ufffd', 'a replacement character that was meant');
  t.equal(channelOfPath('/a$b'), 'a$b');
  t.end();
});

t.test('1 to 255 bytes of UTF-8', (t) => {
  t.equal(channelOfPath('/'), refusals.emptyChannel);
  t.equal(checkChannel('x'.repeat(255)).toString().length, 255);
  t.equal(checkChannel('x'.repeat(256)), refusals.longChannel);
  t.equal(checkChannel('é'.repeat(127)), 'é'.repeat(127));
  t.equal(checkChannel('é'.repeat(128)), refusals.longChannel, 'bytes are counted, not characters');
  t.equal(checkChannel('😀'.repeat(63)), '😀'.repeat(63));
  t.equal(checkChannel('😀'.repeat(64)), refusals.longChannel);
  t.end();
});

t.test('control characters, reserved names and what is no UTF-8', (t) => {
  for (const control of ['%00', '%0A', '%1F', '%7F', '%C2%80', '%C2%9F']) {
    t.equal(channelOfPath(`/a${control}b`), refusals.controlInChannel, control);
  }
  t.equal(channelOfPath('/$x'), refusals.reservedChannel);
  t.equal(channelOfPath('/%24x'), refusals.reservedChannel);
  for (const name of [
    '__keyspace@0__:k',
    '__keyevent@0__:set',
    '__redis__:invalidate',
    '__sentinel__:hello',
  ]) {
    t.equal(channelOfPath(`/${name}`), refusals.reservedChannel, name);
    t.equal(channelOfPath(`/%5f${encodeURIComponent(name.slice(1))}`), refusals.reservedChannel, name);
    t.match(refusals.reservedChannel.body, name.slice(0, 9), 'the answer names it');
  }
  t.equal(channelOfPath('/__keyspace'), '__keyspace');
  for (const bad of ['%', '%2', '%zz', '%ff', '%C3', '%ED%A0%80', '\ufffd']) {
    t.equal(channelOfPath(`/a${bad}`), refusals.badEncoding, bad);
  }
  t.equal(checkChannel('\ud800'), refusals.badEncoding);
  t.end();
});
