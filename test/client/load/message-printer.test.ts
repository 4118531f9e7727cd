import t from 'tap';
import { MessagePrinter } from '../../../client/load/message-printer.js';

/** An output that takes what it is told to take. */
class Output {
  isTTY = false;
  writableLength = 0;
  error: Error | undefined;
  readonly lines: (string | Buffer)[] = [];

  on(): void {}

  write(line: string | Buffer, onWritten?: (error?: Error | null) => void): void {
    if (line.length > 0) this.lines.push(line);
    onWritten?.(this.error);
  }
}

const hostile = Buffer.from([0x1b, 0x5b, 0xff]);

t.test('bytes go out as they are, except to a terminal', async (t) => {
  const file = new Output();
  new MessagePrinter(file).print('ws://h/c0', hostile);
  t.same(file.lines, [
    Buffer.concat([Buffer.from('received message ws://h/c0 '), hostile, Buffer.from('\n')]),
  ]);
  const terminal = new Output();
  terminal.isTTY = true;
  new MessagePrinter(terminal).print('ws://h/c\x1b', hostile);
  t.same(terminal.lines, ['received message ws://h/c\\x1b \\x1b[\ufffd\n']);
});

t.test('what cannot be written, or would wait too long, is counted', async (t) => {
  const output = new Output();
  const printer = new MessagePrinter(output);
  printer.print('u', hostile);
  t.equal(printer.unprinted, 0);
  output.error = new Error('ENOSPC');
  printer.print('u', hostile);
  t.equal(printer.unprinted, 1);
  output.writableLength = 100_000_000;
  printer.print('u', hostile);
  t.equal(printer.unprinted, 2);
  t.equal(output.lines.length, 2, 'nothing is added to what waits already');
  await printer.flushed();
});
