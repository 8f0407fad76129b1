// JSON of what the component returns. Its 64-bit integers are BigInts in JavaScript, which `JSON.stringify` refuses.
//
//     JSON.stringify(alert, integers)

/**
 * A replacer for `JSON.stringify`: an integer that JavaScript's numbers hold exactly becomes a number, a larger one a
 * string with its digits. Whoever reads the text back, in JavaScript too, loses nothing.
 */
export function integers(_key, value) {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** Tells integers from texts in {@link exact}: no text of an alert can contain it. */
const MARK = crypto.randomUUID();

/**
 * A value in one line of JSON, with every integer as a JSON number, as the API itself sends it. This is for readers with
 * 64-bit integers: JavaScript's own `JSON.parse` rounds large ones.
 */
export function exact(value) {
  const text = JSON.stringify(value, (_, item) => (typeof item === "bigint" ? `${MARK}${item}` : item));
  return text.replaceAll(new RegExp(`"${MARK}(-?\\d+)"`, "g"), "$1");
}
