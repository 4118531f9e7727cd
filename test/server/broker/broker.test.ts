import t from 'tap';
import { BrokerUnavailableError } from '../../../server/broker/broker.js';

t.test('an unavailable broker has a code, and tells why', async (t) => {
  const cause = new Error('ECONNREFUSED');
  t.match(new BrokerUnavailableError('Redis: ECONNREFUSED', { cause }), {
    code: 'BROKER_UNAVAILABLE',
    message: 'Redis: ECONNREFUSED',
    cause,
  });
});
