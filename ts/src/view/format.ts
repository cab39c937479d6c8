/** Numbers as people read them, in one language. */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"] as const;

/** What `Intl` does not know is the same in most languages. */
const UNITS_OF_1024 = ["KiB", "MiB", "GiB", "TiB", "PiB"];

type Base = 1000 | 1024;

export interface Numbers {
  number(value: number, options?: Intl.NumberFormatOptions): string;
  /** Give "5 GB" for 5 * 10⁹ bytes, or "5 GiB" for 5 * 2³⁰ bytes with the base 1024. */
  bytes(count: number, base?: Base, decimals?: number): string;
  /** Give a limit as its author has written it: "5 MiB" stays "5 MiB". */
  limitBytes(limit: number): string;
  /** Give a size and the limit that it is over, with as many digits as tell them apart. */
  bytesApart(size: number, limit: number): [string, string];
  /** Give "9.0 MB/s": below 100 the decimal does not come and go. */
  rate(bytesPerSecond: number): string;
  percent(part: number, whole: number): string;
  /** Give "42 sec", "1 min 10 sec", "12 min", "1.5 hr", always a little more than less. */
  duration(seconds: number): string;
  /** Give "0:07", "12:34" or "1:02:03". */
  clock(milliseconds: number): string;
}

/** `locale` is a tag that `Intl` takes. */
export function numbers(locale: string): Numbers {
  const formats = new Map<string, Intl.NumberFormat>(); // which are slow to make

  function number(value: number, options: Intl.NumberFormatOptions = {}): string {
    const key = JSON.stringify(options);
    const format = formats.get(key) ?? new Intl.NumberFormat(locale, options);
    formats.set(key, format);
    return format.format(value);
  }

  function inUnit(value: number, unit: string, options: Intl.NumberFormatOptions = {}): string {
    return number(value, { ...options, style: "unit", unit });
  }

  function bytes(count: number, base: Base = 1000, decimals = 1): string {
    const power = powerOf(count, base, decimals);
    const value = count / base ** power;
    const options: Intl.NumberFormatOptions = { maximumFractionDigits: decimals };
    if (power === 0) return inUnit(value, "byte", { ...options, unitDisplay: "long" });
    if (base === 1024) return `${number(value, options)} ${UNITS_OF_1024[power - 1]}`;
    return inUnit(value, UNITS[power] as string, options);
  }

  function bytesApart(size: number, limit: number): [string, string] {
    const base = baseOf(limit);
    for (const decimals of [1, 2, 3]) {
      const both: [string, string] = [bytes(size, base, decimals), bytes(limit, base, decimals)];
      if (both[0] !== both[1]) return both;
    }
    const all = (count: number) => inUnit(count, "byte", { unitDisplay: "long" });
    return [all(size), all(limit)];
  }

  function rate(bytesPerSecond: number): string {
    const power = Math.max(1, powerOf(bytesPerSecond, 1000, 1));
    const value = bytesPerSecond / 1000 ** power;
    const digits = value >= 99.95 ? 0 : 1;
    const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    return inUnit(value, `${UNITS[power]}-per-second`, options);
  }

  function duration(seconds: number): string {
    if (seconds <= 59) return inUnit(Math.max(1, Math.ceil(seconds)), "second");
    if (seconds > 3540) return inUnit(Math.ceil(seconds / 360) / 10, "hour");
    if (seconds > 590) return inUnit(Math.ceil(seconds / 60), "minute");
    const tens = Math.ceil(seconds / 10);
    const rest = (tens % 6) * 10;
    const minutes = inUnit(Math.floor(tens / 6), "minute");
    return rest > 0 ? `${minutes} ${inUnit(rest, "second")}` : minutes;
  }

  return {
    number,
    bytes,
    limitBytes: (limit) => bytes(limit, baseOf(limit)),
    bytesApart,
    rate,
    percent: (part, whole) =>
      number(whole === 0 ? 1 : Math.floor((part / whole) * 100) / 100, { style: "percent" }),
    duration,
    clock: (milliseconds) => clock(milliseconds, number),
  };
}

function clock(milliseconds: number, number: Numbers["number"]): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (count: number) => number(count, { minimumIntegerDigits: 2 });
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const start = hours > 0 ? `${number(hours)}:${two(minutes)}` : number(minutes);
  return `${start}:${two(seconds % 60)}`;
}

function powerOf(count: number, base: Base, decimals: number): number {
  const scale = 10 ** decimals;
  let power = 0;
  while (power < UNITS.length - 1 && Math.round((count / base ** power) * scale) / scale >= base) {
    power += 1;
  }
  return power;
}

/** Give 1024 if the limit is a round number of MiB or the like, and not of MB. */
function baseOf(limit: number): Base {
  const isRound = (base: Base) => (10 * limit) % base ** powerOf(limit, base, 1) === 0;
  return !isRound(1000) && isRound(1024) ? 1024 : 1000;
}
