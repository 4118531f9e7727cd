import t from 'tap';
import { outputComplaint } from '../../client/output.js';

const error = (code: string): NodeJS.ErrnoException => Object.assign(new Error('write failed'), { code });

t.test('a reader that has gone is no complaint, anything else is one line', async (t) => {
  t.equal(outputComplaint(error('EPIPE')), undefined);
  t.equal(outputComplaint(error('ENOSPC')), 'cannot write to standard output: write failed');
  t.equal(outputComplaint(new Error('odd')), 'cannot write to standard output: odd');
});
