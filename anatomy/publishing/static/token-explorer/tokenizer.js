// A worker that cuts text into the tokens of o200k_base: the same ids as tiktoken.
// It is sent {url} or {packed} once, then {text, turn} as often as wanted, and answers with
// {loaded}, {ready}, {failed} or {turn, ids, lengths, characters, codePoints, bytes}.
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
const LETTER_OR_NUMBER = IN.Lu + IN.Ll + IN.Lt + IN.Lm + IN.Lo + IN.N;
// \s is the property White_Space; in JavaScript the short form is a different set.
const SPACE = "\\p{White_Space}";
const UPPER = `[${IN.Lu}${IN.Lt}${IN.Lm}${IN.Lo}${IN.M}]`;
const LOWER = `[${IN.Ll}${IN.Lm}${IN.Lo}${IN.M}]`;
const SIGN = `[^\\r\\n${LETTER_OR_NUMBER}]?`;
// 's, 't, 're, 've, 'm, 'll, 'd in either case; ſ is a lower-case s too
const SUFFIX = "(?:'(?:[sSſ]|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD]))?";
const PIECES = new RegExp(
  [
    `${SIGN}${UPPER}*${LOWER}+${SUFFIX}`,
    `${SIGN}${UPPER}+${LOWER}*${SUFFIX}`,
    `[${IN.N}]{1,3}`,
    ` ?[^${SPACE}${LETTER_OR_NUMBER}]+[\\r\\n/]*`,
    `${SPACE}*[\\r\\n]+`,
    `${SPACE}+(?!\\P{White_Space})`,
    `${SPACE}+`,
  ].join("|"),
  "gu",
);
const LONGEST_TOKEN = 128;
const REMEMBERED = 50_000;
const utf8 = new TextEncoder();

let ranks; // Map from token to id; a token is a string with one character for each byte
let known = new Map(); // ids of pieces met before

// The packed vocabulary: 256 single bytes, then for every later token the ids of two earlier ones whose
// union it is, as six planes of bytes: the left ids' high, middle and low bytes, then the right ids'.
function readVocabulary(packed) {
  const n = (packed.length - 256) / 6;
  const tokens = [];
  for (let i = 0; i < 256; i++) tokens.push(String.fromCharCode(packed[i]));
  const id = (plane, i) =>
    (packed[256 + plane * n + i] << 16) | (packed[256 + (plane + 1) * n + i] << 8) | packed[256 + (plane + 2) * n + i];
  for (let i = 0; i < n; i++) tokens.push(tokens[id(0, i)] + tokens[id(3, i)]);
  return new Map(tokens.map((token, i) => [token, i]));
}

async function download(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  const reader = response.body.getReader();
  const chunks = [];
  let loaded = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    loaded += value.length;
    postMessage({ loaded });
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

// Some servers unpack gzip on the way, some do not.
async function unpack(packed) {
  if (packed[0] !== 0x1f || packed[1] !== 0x8b) return packed;
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
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
  return tokens.map((token) => [ranks.get(token), token.length]);
}

function encode(text) {
  const ids = [];
  const lengths = [];
  for (const [piece] of text.matchAll(PIECES)) {
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
  return { ids: Uint32Array.from(ids), lengths: Uint8Array.from(lengths) };
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

self.onmessage = async ({ data }) => {
  if (data.text === undefined) {
    try {
      ranks = readVocabulary(await unpack(data.packed ?? (await download(data.url))));
      postMessage({ ready: true });
    } catch (error) {
      postMessage({ failed: String(error) });
    }
    return;
  }
  // half of a surrogate pair cannot be written in UTF-8
  const text = data.text.toWellFormed?.() ?? data.text.replace(/\p{Surrogate}/gu, "\ufffd");
  const { ids, lengths } = encode(text);
  postMessage({
    turn: data.turn,
    ids,
    lengths,
    characters: countCharacters(text),
    codePoints: countCodePoints(text),
    bytes: lengths.reduce((sum, length) => sum + length, 0),
  });
};
