// Text from servers and publishers for a terminal, which must not obey the escape sequences in it.

const escaped = (character: string): string =>
  `\\x${character.codePointAt(0)!.toString(16).padStart(2, '0')}`;

/** Text of several lines: control characters (C0, DEL, C1) other than tabs and line feeds are shown as `\x1b`. */
export const terminalText = (text: string): string => text.replace(/[^\P{Cc}\t\n]/gu, escaped);

/** Text of one line: every control character is shown as `\x1b`. */
export const terminalLine = (text: string): string => text.replace(/\p{Cc}/gu, escaped);
