// A worker that cuts text into the tokens of o200k_base or SmolLM2: the same ids as tiktoken.
// It is sent {packed, name} once, then {text} or {word} as often as wanted. It answers with {ready} or {failed};
// to a text with {ids, lengths, characters, codePoints, bytes}; to a word with {pieces, states}.
"use strict";

// The letters, marks and numbers are tiktoken's, for a browser follows a later or an earlier Unicode. The build puts
// them above this file as CLASSES: runs "<class><gap>.<length>" in rising order, where a gap of 0 and a length of 1
// are left out.
const IN = { Lu: "", Ll: "", Lt: "", Lm: "", Lo: "", M: "", N: "" };
let after = 0;
for (const [, name, gap, length] of CLASSES.matchAll(/([A-Za-z]+)(\d*)\.?(\d*)/g)) {
  const first = after + Number(gap);
  after = first + Number(length || 1);
  IN[name] += `\\u{${first.toString(16)}}-\\u{${(after - 1).toString(16)}}`;
}
const LETTER = IN.Lu + IN.Ll + IN.Lt + IN.Lm + IN.Lo;
const LETTER_OR_NUMBER = LETTER + IN.N;
// \s is the property White_Space; in JavaScript the short form is a different set.
const SPACE = "\\p{White_Space}";
const UPPER = `[${IN.Lu}${IN.Lt}${IN.Lm}${IN.Lo}${IN.M}]`;
const LOWER = `[${IN.Ll}${IN.Lm}${IN.Lo}${IN.M}]`;
const SIGN = `[^\\r\\n${LETTER_OR_NUMBER}]?`;
// 's, 't, 're, 've, 'm, 'll, 'd in either case; ſ is a lower-case s too
const SUFFIX = "(?:'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD]))?";
const PATTERNS = {
  o200k_base: [
    `${SIGN}${UPPER}*${LOWER}+${SUFFIX}`,
    `${SIGN}${UPPER}+${LOWER}*${SUFFIX}`,
    `[${IN.N}]{1,3}`,
    ` ?[^${SPACE}${LETTER_OR_NUMBER}]+[\\r\\n/]*`,
    `${SPACE}*[\\r\\n]+`,
    `${SPACE}+(?!\\P{White_Space})`,
    `${SPACE}+`,
  ],
  SmolLM2: [
    `[${IN.N}]`,
    "'s|'t|'re|'ve|'m|'ll|'d",
    ` ?[${LETTER}]+`,
    ` ?[^${SPACE}${LETTER_OR_NUMBER}]+`,
    `${SPACE}+(?![^${SPACE}${IN.N}])`,
    `${SPACE}+`,
  ],
};
const LONGEST_TOKEN = 128;
const REMEMBERED = 50_000;
const LONGEST_WORD = 64; // bytes of a word whose merges are listed
const utf8 = new TextEncoder();

let pieces; // how the text is cut before any merge
let ranks; // Map from token to id; a token is a string with one character for each byte
let known = new Map(); // ids of pieces met before

// The packed vocabulary: the first id; how many single bytes there are, less one; these bytes; then for every later
// token the places of two earlier ones whose union it is, as six planes of bytes: the left places' high, middle and
// low bytes, then the right ones'.
function readVocabulary(packed) {
  const [first, last] = packed;
  const singles = packed.subarray(2, 3 + last);
  const planes = packed.subarray(3 + last);
  const n = planes.length / 6;
  const tokens = Array.from(singles, (byte) => String.fromCharCode(byte));
  const place = (plane, i) =>
    (planes[plane * n + i] << 16) | (planes[(plane + 1) * n + i] << 8) | planes[(plane + 2) * n + i];
  for (let i = 0; i < n; i++) tokens.push(tokens[place(0, i)] + tokens[place(3, i)]);
  return new Map(tokens.map((token, i) => [token, first + i]));
}

function bytesOf(piece) {
  const bytes = utf8.encode(piece);
  if (bytes.length === piece.length) return piece;
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}

// A heap of numbers, smallest first.
class Heap {
  items = [];

  push(item) {
    const { items } = this;
    let i = items.push(item) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (items[parent] <= item) break;
      items[i] = items[parent];
      i = parent;
    }
    items[i] = item;
  }

  pop() {
    const { items } = this;
    const top = items[0];
    const item = items.pop();
    if (!items.length) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && items[child + 1] < items[child]) child++;
      if (items[child] >= item) break;
      items[i] = items[child];
      i = child;
    }
    items[i] = item;
    return top;
  }
}

// Always merge the pair whose union has the lowest id, the leftmost of equals. A heap of candidates keeps a
// piece of 100,000 bytes from taking 100,000 scans; `rank` at a token's start says which candidates still hold.
function mergePiece(bytes) {
  const n = bytes.length;
  const before = new Int32Array(n + 1);
  const after = new Int32Array(n + 1);
  const rank = new Int32Array(n).fill(-1);
  const heap = new Heap();
  const AT = 2 ** 30; // a candidate is rank · AT + start

  function offer(start) {
    rank[start] = -1;
    if (after[start] === n) return;
    const end = after[after[start]];
    if (end - start > LONGEST_TOKEN) return;
    const found = ranks.get(bytes.slice(start, end));
    if (found === undefined) return;
    rank[start] = found;
    heap.push(found * AT + start);
  }

  for (let i = 0; i <= n; i++) {
    before[i] = i - 1;
    after[i] = i + 1;
  }
  for (let i = 0; i < n; i++) offer(i);
  while (heap.items.length) {
    const candidate = heap.pop();
    const start = candidate % AT;
    if (rank[start] !== Math.floor(candidate / AT)) continue;
    const middle = after[start];
    after[start] = after[middle];
    before[after[start]] = start;
    rank[middle] = -1;
    offer(start);
    if (start > 0) offer(before[start]);
  }
  const tokens = [];
  for (let i = 0; i < n; i = after[i]) tokens.push(bytes.slice(i, after[i]));
  return tokens;
}

function encodePiece(piece) {
  const bytes = bytesOf(piece);
  const whole = ranks.get(bytes);
  const tokens = whole === undefined ? mergePiece(bytes) : [bytes];
  return tokens.map((token) => [ranks.get(token) ?? -1, token.length]); // a byte may have no id
}

function encode(text) {
  const ids = [];
  const lengths = [];
  for (const [piece] of text.matchAll(pieces)) {
    let pairs = known.get(piece);
    if (!pairs) {
      pairs = encodePiece(piece);
      if (known.size >= REMEMBERED) known = new Map();
      if (piece.length <= LONGEST_TOKEN) known.set(piece, pairs);
    }
    for (const [id, length] of pairs) {
      ids.push(id);
      lengths.push(length);
    }
  }
  return { ids: Int32Array.from(ids), lengths: Uint8Array.from(lengths) };
}

// The states of a word from single bytes to tokens, each a list of [bytes, id], one merge after the other.
function merges(word) {
  let tokens = [...bytesOf(word)];
  const named = () => tokens.map((token) => [token, ranks.get(token) ?? -1]);
  const states = [named()];
  while (tokens.length > 1 && states[0].length <= LONGEST_WORD) {
    const unions = tokens.slice(1).map((token, i) => ranks.get(tokens[i] + token) ?? Infinity);
    const lowest = Math.min(...unions);
    if (lowest === Infinity) break;
    const i = unions.indexOf(lowest);
    tokens = [...tokens.slice(0, i), tokens[i] + tokens[i + 1], ...tokens.slice(i + 2)];
    states.push(named());
  }
  return states;
}

// What a reader sees as one character; -1 where the browser cannot tell.
function countCharacters(text) {
  if (/^[\x00-\x7f]*$/.test(text)) return text.length - (text.match(/\r\n/g) ?? []).length;
  if (!Intl.Segmenter) return -1;
  let count = 0;
  for (const _ of new Intl.Segmenter().segment(text)) count++;
  return count;
}

function countCodePoints(text) {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

self.onmessage = ({ data }) => {
  if (data.packed) {
    try {
      pieces = new RegExp(PATTERNS[data.name].join("|"), "gu");
      ranks = readVocabulary(data.packed);
      postMessage({ ready: true });
    } catch (error) {
      postMessage({ failed: String(error) });
    }
    return;
  }
  // half of a surrogate pair cannot be written in UTF-8
  const given = data.text ?? data.word;
  const text = given.toWellFormed?.() ?? given.replace(/\p{Surrogate}/gu, "\ufffd");
  if (data.word !== undefined) {
    const cut = [...text.matchAll(pieces)].map(([piece]) => piece);
    postMessage({ pieces: cut, states: cut.length === 1 ? merges(text) : [] });
    return;
  }
  const { ids, lengths } = encode(text);
  postMessage({
    ids,
    lengths,
    characters: countCharacters(text),
    codePoints: countCodePoints(text),
    bytes: lengths.reduce((sum, length) => sum + length, 0),
  });
};
