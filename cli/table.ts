/** Columns of text under one another. */

export interface ColumnLayout {
  title: string
  align?: 'right'
  /** Longer cells are cut, with an ellipsis. */
  maxWidth?: number
}

export function table(columns: ColumnLayout[], rows: string[][]): string[] {
  const cells = [columns.map(({ title }) => title), ...rows.map((row) => row.map((cell, c) => cut(cell, columns[c])))]
  const widths = columns.map((_, c) => Math.max(...cells.map((row) => characters(row[c]))))
  return cells.map((row) =>
    row
      .map((cell, c) => padded(cell, widths[c], columns[c]))
      .join('  ')
      .trimEnd(),
  )
}

function cut(cell: string, { maxWidth }: ColumnLayout): string {
  return maxWidth === undefined || characters(cell) <= maxWidth ? cell : `${[...cell].slice(0, maxWidth - 1).join('')}…`
}

function padded(cell: string, width: number, { align }: ColumnLayout): string {
  const space = ' '.repeat(width - characters(cell))
  return align === 'right' ? space + cell : cell + space
}

function characters(text: string): number {
  return [...text].length
}
