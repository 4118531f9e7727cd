import t from 'tap';
import { terminalLine, terminalText } from '../../client/terminal-text.js';

t.test('control characters are shown, and nothing else is changed', async (t) => {
  const plain = 'plain ä € 😀 \\ \u00a0';
  t.equal(terminalText(plain), plain);
  t.equal(terminalLine(plain), plain);
  t.equal(terminalText('\0\x07\x08\r\x1b[31m\x7f\x80\x9b'), '\\x00\\x07\\x08\\x0d\\x1b[31m\\x7f\\x80\\x9b');
  for (let code = 0; code < 0xa0; code++) {
    const character = String.fromCharCode(code);
    const isControl = code < 0x20 || code >= 0x7f;
    t.equal(terminalLine(character) !== character, isControl, `U+${code.toString(16)}`);
  }
});

t.test('tabs and line feeds stay where there may be several lines', async (t) => {
  t.equal(terminalText('a\tb\nc'), 'a\tb\nc');
  t.equal(terminalLine('a\tb\nc'), 'a\\x09b\\x0ac');
});
