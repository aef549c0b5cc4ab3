/** `46,273`. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 part`, `2 parts`. */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}

/** `1.4 MB`: decimal units. */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 1000 && unit < units.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? scaled : scaled.toFixed(1)} ${units[unit]}`;
}

/** Whole rows per second; 0 if the duration is 0. */
export function perSecond(rows: number, duration_seconds: number): number {
  return duration_seconds > 0 ? Math.round(rows / duration_seconds) : 0;
}
