/** Numbers for programs: RFC 4180, UTF-8, a point in every number whatever the language; what is undefined is empty. */
import type { Cell, NumberTable } from './plot';

export function csvOf(table: NumberTable): string {
  const lines = [table.columns, ...table.rows].map((row) => row.map(written).join(','));
  return lines.map((line) => `${line}\r\n`).join('');
}

function written(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
