// Numbers as people write them.

const formats = new Map();

function formatted(value, digits) {
  if (!formats.has(digits)) formats.set(digits, new Intl.NumberFormat("en-US", { maximumSignificantDigits: digits }));
  return formats.get(digits).format(value);
}

export const plain = (value, digits = 6) => formatted(value, digits);

// Dollars: cents from a hundred on, four digits that count below.
export function dollars(value) {
  if (value === 0) return "$0";
  const digits = Math.abs(value) >= 100 ? 2 : Math.abs(value) >= 1 ? 3 : Math.min(9, 3 - Math.floor(Math.log10(Math.abs(value))));
  return `$${value.toLocaleString("en-US", { minimumFractionDigits: Math.min(2, digits), maximumFractionDigits: digits })}`;
}

export const percent = (share) => `${plain(share * 100, 4)} %`;
