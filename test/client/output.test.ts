import t from 'tap';
import { outputComplaint } from '../../client/output.js';

const error = (code: string): NodeJS.ErrnoException => Object.assign(new Error('write failed'), { code });

t.test('a reader that has gone is no complaint, anything else is one line', async (t) => {
  t.equal(outputComplaint(error('EPIPE')), undefined);
  t.equal(outputComplaint(error('ENOSPC')), 'standard output cannot be written: ENOSPC');
  t.equal(outputComplaint(new Error('odd')), 'standard output cannot be written: odd');
});
