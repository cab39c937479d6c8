/** Numbers as people read them. */

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];

/** Give "5 GB" for 5 * 10⁹ bytes. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (Math.round(value * 10) / 10 >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return new Intl.NumberFormat(language(), {
    style: "unit",
    unit: UNITS[unit] ?? "byte",
    unitDisplay: unit === 0 ? "long" : "short",
    maximumFractionDigits: 1,
  }).format(value);
}

export function percent(part: number, whole: number): string {
  const share = whole === 0 ? 1 : Math.floor((part / whole) * 100) / 100;
  return new Intl.NumberFormat(language(), { style: "percent" }).format(share);
}

/** Give "42 sec", "3 min", "2 hr", always a little more than less. */
export function duration(seconds: number): string {
  const [value, unit] =
    seconds < 59.5
      ? [Math.max(1, Math.ceil(seconds)), "second"]
      : seconds < 3570
        ? [Math.ceil(seconds / 60), "minute"]
        : [Math.ceil(seconds / 360) / 10, "hour"];
  return new Intl.NumberFormat(language(), {
    style: "unit",
    unit: String(unit),
    unitDisplay: "short",
    maximumFractionDigits: 1,
  }).format(Number(value));
}

function language(): string {
  return "en"; // the texts are English; numbers in another language would not fit them
}
