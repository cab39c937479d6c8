/** Numbers as people read them. */

/** The texts are English; numbers in another language would not fit them. */
const LANGUAGE = "en";

const UNITS = {
  1000: ["bytes", "kB", "MB", "GB", "TB", "PB"],
  1024: ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB"],
};

type Base = keyof typeof UNITS;

/** Give "5 GB" for 5 * 10⁹ bytes, or "5 GiB" for 5 * 2³⁰ bytes with the base 1024. */
export function bytes(count: number, base: Base = 1000, decimals = 1): string {
  const power = powerOf(count, base, decimals);
  const value = number(count / base ** power, { maximumFractionDigits: decimals });
  return `${value} ${count === 1 ? "byte" : UNITS[base][power]}`;
}

/** Give a limit as its author has written it: "5 MiB" stays "5 MiB". */
export function limitBytes(limit: number): string {
  return bytes(limit, baseOf(limit));
}

/** Give a size and the limit that it is over, with as many digits as tell them apart. */
export function bytesApart(size: number, limit: number): [string, string] {
  const base = baseOf(limit);
  for (const decimals of [1, 2, 3]) {
    const both: [string, string] = [bytes(size, base, decimals), bytes(limit, base, decimals)];
    if (both[0] !== both[1]) return both;
  }
  return [`${number(size)} bytes`, `${number(limit)} bytes`];
}

/** Give "9.0 MB/s": below 100 the decimal does not come and go. */
export function rate(bytesPerSecond: number): string {
  const power = powerOf(bytesPerSecond, 1000, 1);
  const value = bytesPerSecond / 1000 ** power;
  const digits = power === 0 || value >= 99.95 ? 0 : 1;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${number(value, options)} ${UNITS[1000][power]}/s`;
}

function powerOf(count: number, base: Base, decimals: number): number {
  const scale = 10 ** decimals;
  let power = 0;
  while (
    power < UNITS[base].length - 1 &&
    Math.round((count / base ** power) * scale) / scale >= base
  ) {
    power += 1;
  }
  return power;
}

/** Give 1024 if the limit is a round number of MiB or the like, and not of MB. */
function baseOf(limit: number): Base {
  const isRound = (base: Base) => (10 * limit) % base ** powerOf(limit, base, 1) === 0;
  return !isRound(1000) && isRound(1024) ? 1024 : 1000;
}

export function percent(part: number, whole: number): string {
  const share = whole === 0 ? 1 : Math.floor((part / whole) * 100) / 100;
  return new Intl.NumberFormat(LANGUAGE, { style: "percent" }).format(share);
}

/** Give "42 sec", "1 min 10 sec", "12 min", "1.5 hr", always a little more than less. */
export function duration(seconds: number): string {
  if (seconds <= 59) return `${Math.max(1, Math.ceil(seconds))} sec`;
  if (seconds > 3540) return `${number(Math.ceil(seconds / 360) / 10)} hr`;
  if (seconds > 590) return `${Math.ceil(seconds / 60)} min`;
  const tens = Math.ceil(seconds / 10);
  const rest = (tens % 6) * 10;
  return `${Math.floor(tens / 6)} min${rest > 0 ? ` ${rest} sec` : ""}`;
}

/** Give "0:07", "12:34" or "1:02:03". */
export function clock(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (count: number) => String(count).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const start = hours > 0 ? `${hours}:${two(minutes)}` : String(minutes);
  return `${start}:${two(seconds % 60)}`;
}

function number(value: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(LANGUAGE, options).format(value);
}
