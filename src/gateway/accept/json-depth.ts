const QUOTE = '"';
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const QUOTE_CODE = 0x22;

/**
 * True when the JSON in `text` nests deeper than `limit` levels of arrays and objects. To be asked before parsing: a
 * parser's time and stack grow with the depth. Text that is no JSON gets an answer too, of no meaning.
 */
export function nestsDeeperThan(limit: number, text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE_CODE) {
      at = endOfString(text, at + 1);
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      depth++;
      if (depth > limit) return true;
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      depth--;
    }
  }
  return false;
}

/** Index of the quote that ends the string whose text begins at `from`, or of the end of the text. */
function endOfString(text: string, from: number): number {
  let end = text.indexOf(QUOTE, from);
  while (end >= 0 && isEscaped(text, end, from)) end = text.indexOf(QUOTE, end + 1);
  return end < 0 ? text.length : end;
}

/** True when an odd number of backslashes stands before `at`. */
function isEscaped(text: string, at: number, from: number): boolean {
  let first = at;
  while (first > from && text.charCodeAt(first - 1) === BACKSLASH) first--;
  return (at - first) % 2 === 1;
}
