// Numbers as people write them.

const formats = new Map();

function formatted(value, digits) {
  if (!formats.has(digits)) formats.set(digits, new Intl.NumberFormat("en-US", { maximumSignificantDigits: digits }));
  return formats.get(digits).format(value);
}

export const plain = (value, digits = 6) => formatted(value, digits);

// A number without more digits than it has.
export const tidy = (value, digits = 6) => Number(value.toPrecision(digits));

const WORDS = [[1e12, "trillion"], [1e9, "billion"], [1e6, "million"]];

// A large count in words.
export function counted(value) {
  const [unit, word] = WORDS.find(([least]) => value >= least) ?? [1, ""];
  return `${plain(value / unit, 3)}${word && ` ${word}`}`;
}

// Dollars: cents from one on, four digits that count below.
export function dollars(value) {
  if (value === 0) return "$0";
  const small = Math.abs(value);
  const digits = small >= 100_000 ? 0 : small >= 1 ? 2 : Math.min(9, 3 - Math.floor(Math.log10(small)));
  return `$${value.toLocaleString("en-US", { minimumFractionDigits: Math.min(2, digits), maximumFractionDigits: digits })}`;
}

export const percent = (share) => `${plain(share * 100, 4)} %`;
