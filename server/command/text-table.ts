// Columns and paragraphs for a terminal.

/** Between two columns. */
const GAP = '  ';
/** Between two columns of figures: a cell can hold several, which are two spaces apart. */
const FIGURE_GAP = '   ';
/** Before a last column that goes below its row. */
const BELOW = '    ';
/** A last column that gets less than this goes below. */
const MIN_LAST_COLUMN = 24;

/** Stands for a space at which no line may be broken; it is printed as a space. */
const NO_BREAK = '\u00a0';

/** A text that {@link wrapWords} keeps on one line, such as a command that is to be copied. */
export const unbroken = (text: string): string => text.replaceAll(' ', NO_BREAK);

/** A text with its unbroken parts as they are printed. */
export const printed = (text: string): string => text.replaceAll(NO_BREAK, ' ');

/**
 * Pads each column to its widest cell.
 *
 * @param width of the screen. Cells of the last column are wrapped into what the others leave of it, or go below their
 *   row where that is too little
 */
export const alignColumns = (
  rows: readonly (readonly string[])[],
  width: number = Number.POSITIVE_INFINITY,
): string[] => layOut(rows, width).flat();

/** The lines of each row. */
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

/** Figures in columns: the first column is what they are of, and the others are aligned to the right. */
export function alignFigures(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
      .join(FIGURE_GAP)
      .trimEnd(),
  );
}

/** Breaks text between words so that each line fits; a single longer word stays whole. */
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

/** {@link wrapWords} with something before each line; an empty text has no lines. */
export const indented = (text: string, indent: string, width: number): string[] =>
  text === '' ? [] : wrapWords(text, width - indent.length).map((line) => indent + line);
