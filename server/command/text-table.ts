// Columns and paragraphs for a terminal.

/** The gap between two columns. */
const GAP = '  ';
/** Between two columns of figures. It is wider, because figures within a cell are two spaces apart. */
const FIGURE_GAP = '   ';
/** The indent of a last column that is placed below its row. */
const BELOW = '    ';
/** A last column with less room than this is placed below its row. */
const MIN_LAST_COLUMN = 24;

/** Stands for a space at which lines are not broken. It is printed as a space. */
const NO_BREAK = '\u00a0';

/** Marks a text that {@link wrapWords} must keep on one line, such as a command to copy. */
export const unbroken = (text: string): string => text.replaceAll(' ', NO_BREAK);

/** Returns a text with its unbroken parts as they are printed. */
export const printed = (text: string): string => text.replaceAll(NO_BREAK, ' ');

/**
 * Pads each column to its widest cell.
 *
 * @param width the width of the screen. Cells of the last column are wrapped into the room that the others leave, or placed
 *   below their row if that is too little
 */
export const alignColumns = (
  rows: readonly (readonly string[])[],
  width: number = Number.POSITIVE_INFINITY,
): string[] => layOut(rows, width).flat();

/** Returns the lines of each row. */
function layOut(rows: readonly (readonly string[])[], width: number): string[][] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  const last = widths.length - 1;
  const leadWidth = widths.slice(0, last).reduce((sum, cellWidth) => sum + cellWidth + GAP.length, 0);
  const room = width - leadWidth;
  if (last > 0 && room < Math.min(widths[last]!, MIN_LAST_COLUMN)) {
    const above = layOut(
      rows.map((row) => row.slice(0, last)),
      width,
    );
    return rows.map((row, i) => [...above[i]!, ...indented(row[last] ?? '', BELOW, width)]);
  }
  return rows.map((row) => {
    const lead = row.slice(0, last).map((cell, i) => cell.padEnd(widths[i]!) + GAP);
    const [first = '', ...rest] = wrapWords(row[last] ?? '', room);
    return [printed(lead.join('') + first).trimEnd(), ...rest.map((line) => ' '.repeat(leadWidth) + line)];
  });
}

/** Aligns figures in columns. The first column is their labels; the others are aligned to the right. */
export function alignFigures(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join(FIGURE_GAP)
      .trimEnd(),
  );
}

/** Breaks text between words so that each line fits. A single longer word stays whole. */
export function wrapWords(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.map(printed);
}

/** Like {@link wrapWords}, with an indent before each line. An empty text has no lines. */
export const indented = (text: string, indent: string, width: number): string[] =>
  text === '' ? [] : wrapWords(text, width - indent.length).map((line) => indent + line);
