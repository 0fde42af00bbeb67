// <token-explorer>: examples tokenized when the book was built, and the reader's own text by a worker.
// The worker and a vocabulary are fetched when the reader first needs them.
(() => {
  "use strict";
  const HOME = document.currentScript.src.replace(/[^/]*$/, "");
  const BATCH = 200; // chips drawn at once; scrolling draws more
  const MARKED = 20_000; // the longest text in which a token's place is marked: it is laid out a second time
  const MARKS = { " ": "·", "\n": "↵", "\r": "␍", "\t": "⇥" };
  const DRAWS_NOTHING = /[\p{White_Space}\p{C}\p{Default_Ignorable_Code_Point}]/u;
  const utf8 = new TextEncoder();
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  const FETCHING = "Fetching the vocabulary …";
  const FAILED = "The vocabulary could not be loaded.";
  const NOTHING = { text: "", ids: [], lengths: [], counts: ["–", "–", "–", "–"] }; // of a text not counted yet

  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  const hex = (byte) => byte.toString(16).toUpperCase().padStart(2, "0");
  const grouped = (number) => (number < 0 ? "–" : number.toLocaleString("en"));

  function markOf(character) {
    if (character in MARKS) return MARKS[character];
    if (!DRAWS_NOTHING.test(character)) return null;
    return "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  }

  // A stretch of a text widened to what a reader sees as characters: half an emoji cannot be marked.
  function whole(text, from, to) {
    if (!Intl.Segmenter) return [from, to];
    const characters = new Intl.Segmenter().segment(text);
    const last = characters.containing(to - 1);
    return [characters.containing(from).index, last.index + last.segment.length];
  }

  // A token in one line of words, as visible() of anatomy.tokenization writes it.
  function words(bytes) {
    try {
      return Array.from(strict.decode(bytes), (character) => markOf(character) ?? character).join("");
    } catch {
      return Array.from(bytes, hex).join(" ");
    }
  }

  function chip(id, bytes) {
    const span = document.createElement("span");
    span.dataset.tokenId = id < 0 ? "no id" : id;
    span.dataset.bytes = Array.from(bytes, hex).join(" ");
    let text;
    try {
      text = strict.decode(bytes);
    } catch {
      span.append(...Array.from(bytes, (byte) => element("b", hex(byte))));
      return span;
    }
    let marked; // neighbours that need marks share one element
    for (const character of text) {
      const mark = markOf(character);
      if (!mark) {
        marked = undefined;
        span.append(character);
      } else if (marked) {
        marked.textContent += character;
        marked.dataset.mark += mark;
      } else {
        marked = element("i", character);
        marked.dataset.mark = mark;
        span.append(marked);
      }
    }
    span.normalize();
    return span;
  }

  // dir="auto" takes Chromium minutes on 100,000 lines, so the browser is asked about the first letter alone
  function directionOf(text) {
    const probe = element("span", text.match(/\p{L}/u)?.[0] ?? "");
    probe.dir = "auto";
    return probe.matches(":dir(rtl)") ? "rtl" : "ltr";
  }

  // An example, read back from attributes: by now a translator may have rewritten what the chips say.
  function readExample(section) {
    const { text, lengths } = section.dataset;
    const chips = section.querySelector(".chips");
    return {
      text,
      ids: Array.from(section.querySelectorAll("[data-token-id]"), (span) => Number(span.dataset.tokenId)),
      lengths: lengths.split(" ").map(Number),
      counts: Array.from(section.querySelectorAll("dd"), (dd) => dd.dataset.count),
      lang: chips.lang,
      dir: chips.dir,
    };
  }

  // Some servers unpack gzip on the way, some do not.
  async function unpacked(packed) {
    if (packed[0] !== 0x1f || packed[1] !== 0x8b) return packed;
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  // zlib.adler32: crypto.subtle is not there on plain HTTP
  function checksumOf(bytes) {
    let a = 1;
    let b = 0;
    for (const byte of bytes) {
      a = (a + byte) % 65521;
      b = (b + a) % 65521;
    }
    return b * 65536 + a;
  }

  // Over file:// neither fetch nor a worker's own file is allowed, but a script is.
  function offline(name) {
    return new Promise((resolve, reject) => {
      const script = element("script", "");
      script.src = `${HOME}offline-${name}.js`;
      script.onload = () => resolve(window.anatomyOffline[name]);
      script.onerror = () => reject(new Error(`offline-${name}.js is missing`));
      document.head.append(script);
    });
  }

  async function download(url, size, report) {
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
      report(loaded / size);
    }
    return new Uint8Array(await new Blob(chunks).arrayBuffer());
  }

  // A worker with one vocabulary, which is fetched when it is first wanted.
  class Tokenizer {
    ready = false;
    answers = [];

    constructor({ value, dataset }) {
      this.name = value;
      this.size = dataset.size;
      this.checksum = Number(dataset.checksum);
    }

    load(report) {
      this.loading ??= this.fetched(report).catch((error) => {
        this.stop(error);
        throw error;
      });
      return this.loading;
    }

    async fetched(report) {
      let source = `${HOME}tokenizer.js`;
      let packed;
      if (location.protocol === "file:") {
        const { worker, vocabulary } = await offline(this.name);
        source = URL.createObjectURL(new Blob([worker], { type: "text/javascript" }));
        packed = Uint8Array.from(atob(vocabulary), (character) => character.charCodeAt(0));
      } else {
        packed = await download(`${HOME}${this.name}.bin`, this.size, report);
      }
      // whatever a network puts in its place (a page to sign in on, half a file) has other bytes
      packed = await unpacked(packed);
      if (checksumOf(packed) !== this.checksum) throw new Error("these bytes are no vocabulary");
      this.worker = new Worker(source);
      this.worker.onerror = (event) => this.stop(new Error(event.message));
      this.worker.onmessage = ({ data }) => {
        const { done, fail } = this.answers.shift();
        if (data.failed) fail(new Error(data.failed));
        else done(data);
      };
      await this.ask({ packed, name: this.name });
      this.ready = true;
    }

    // The worker answers in the order in which it was asked.
    ask(message) {
      return new Promise((done, fail) => {
        this.answers.push({ done, fail });
        this.worker.postMessage(message);
      });
    }

    stop(error) {
      this.worker?.terminate();
      this.worker = this.loading = undefined;
      this.ready = false;
      for (const { fail } of this.answers.splice(0)) fail(error);
    }
  }

  class TokenExplorer extends HTMLElement {
    connectedCallback() {
      if (this.textarea) return;
      this.textarea = this.querySelector("textarea");
      this.mirror = this.querySelector(".mirror");
      this.status = this.querySelector("[role=status]");
      this.pointed = this.querySelector(".pointed");
      this.buttons = [...this.querySelectorAll("button")];
      const sections = [...this.querySelectorAll("section")];
      this.examples = sections.map(readExample);
      this.section = sections[0];
      for (const section of sections.slice(1)) section.remove();
      this.section.querySelector("h3, .name")?.remove();
      this.chips = this.section.querySelector(".chips");
      this.counts = [...this.section.querySelectorAll("dd")];
      this.turn = 0;
      const radios = [...this.querySelectorAll("input[type=radio]")];
      this.tokenizers = radios.map((radio) => new Tokenizer(radio));
      this.tokenizer = this.built = this.tokenizers[0]; // whose chips stand in the page

      this.buttons.forEach((button, i) => button.addEventListener("click", () => this.choose(i)));
      for (const box of this.querySelectorAll("input[type=checkbox]")) {
        box.addEventListener("change", () => this.toggle());
      }
      radios[0].checked = true;
      radios.forEach((radio, i) => radio.addEventListener("change", () => this.use(this.tokenizers[i])));
      this.chips.addEventListener("scroll", () => this.fill());
      this.chips.addEventListener("pointerover", (event) => this.point(this.chipAt(event) ?? this.pinned));
      this.chips.addEventListener("pointerleave", () => this.point(this.pinned));
      this.chips.addEventListener("click", (event) => this.pin(this.chipAt(event)));
      this.chips.addEventListener("keydown", (event) => this.walk(event));
      this.textarea.addEventListener("input", () => this.typed());
      this.textarea.addEventListener("scroll", () => (this.mirror.scrollTop = this.textarea.scrollTop));
      for (const name of ["click", "keyup"]) this.textarea.addEventListener(name, () => this.caret());
      this.toggle();
      this.choose(0);
    }

    // every token id of the text that is shown, drawn or not; a byte may have none
    get tokens() {
      return Array.from(this.shown.ids).filter((id) => id >= 0);
    }

    toggle() {
      const boxes = [...this.querySelectorAll("input[type=checkbox]")];
      this.dataset.show = boxes.filter((box) => box.checked).map((box) => box.name).join(" ");
      if (this.shown) this.fill();
    }

    choose(i) {
      const example = this.examples[i];
      this.example = i;
      this.press(i);
      this.textarea.value = example.text;
      this.textarea.dir = this.chips.dir = example.dir;
      this.textarea.lang = this.chips.lang = example.lang;
      this.renew();
    }

    press(chosen) {
      this.buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === chosen)));
    }

    typed() {
      this.example = undefined;
      this.press(-1);
      this.textarea.dir = this.chips.dir = directionOf(this.textarea.value);
      this.textarea.lang = this.chips.lang = "";
      this.renew();
    }

    use(tokenizer) {
      this.tokenizer = tokenizer;
      this.renew();
    }

    // Count the text again, unless its tokens were written when the book was built.
    renew() {
      this.turn++;
      this.waiting = undefined;
      if (this.example !== undefined && this.tokenizer === this.built) {
        this.show(this.examples[this.example]);
        return;
      }
      this.waiting = this.textarea.value;
      if (!this.tokenizer.ready) this.show(NOTHING);
      this.chips.setAttribute("aria-busy", "true");
      this.send();
    }

    // only the newest text waits: the worker never falls behind the typing
    async send() {
      if (this.busy) return;
      this.busy = true;
      try {
        while (this.waiting !== undefined) {
          const { tokenizer, turn, waiting } = this;
          if (!tokenizer.ready) {
            await this.fetched(tokenizer);
            continue; // by now another text may wait, or another vocabulary be wanted
          }
          this.waiting = undefined;
          const found = await tokenizer.ask({ text: waiting });
          if (turn !== this.turn) continue;
          const n = found.ids.reduce((count, id) => count + (id >= 0), 0);
          const counts = [found.characters, found.codePoints, found.bytes, n].map(grouped);
          this.show({ text: waiting, ids: found.ids, lengths: found.lengths, counts });
        }
      } catch (error) {
        this.fail(error);
      }
      this.busy = false;
    }

    async fetched(tokenizer) {
      this.dataset.state = "loading";
      this.report(FETCHING, 0);
      await tokenizer.load((share) => this.report(FETCHING, share));
      this.dataset.state = "live";
      this.report("");
    }

    fail(reason) {
      console.warn(`token-explorer: ${reason}`);
      this.dataset.state = "failed";
      if (this.waiting !== undefined || this.chips.getAttribute("aria-busy") === "true") this.show(NOTHING);
      this.waiting = undefined;
      this.report(`${FAILED} The examples still work with ${this.built.name}; change the text to try again.`);
    }

    show(shown) {
      this.shown = shown;
      this.bytes = utf8.encode(shown.text);
      this.drawn = 0;
      this.drawnBytes = 0;
      this.chips.replaceChildren();
      this.chips.scrollTop = 0;
      this.chips.setAttribute("aria-busy", "false");
      this.counts.forEach((dd, i) => (dd.textContent = shown.counts[i]));
      this.pin(undefined);
      this.fill();
    }

    // draw chips until they run past the bottom
    fill() {
      const { ids, lengths } = this.shown;
      const { chips } = this;
      while (this.drawn < ids.length && chips.scrollHeight < chips.scrollTop + chips.clientHeight + 400) {
        const batch = document.createDocumentFragment();
        const end = Math.min(this.drawn + BATCH, ids.length);
        for (; this.drawn < end; this.drawn++) {
          const start = this.drawnBytes;
          this.drawnBytes += lengths[this.drawn];
          batch.append(chip(ids[this.drawn], this.bytes.subarray(start, this.drawnBytes)));
        }
        chips.append(batch);
      }
      if (this.dataset.state !== "failed" && this.dataset.state !== "loading") {
        const more = this.drawn < ids.length;
        this.report(more ? `Showing ${grouped(this.drawn)} of ${grouped(ids.length)} tokens. Scroll for more.` : "");
      }
    }

    // A token and its place in the text: hovering previews, a click, a tap or the arrow keys pin, Escape lets go.

    chipAt(event) {
      const found = event.target.closest("[data-token-id]");
      return found ? [...this.chips.children].indexOf(found) : undefined;
    }

    pin(i) {
      this.pinned = i;
      this.point(i);
    }

    walk(event) {
      if (event.key === "Escape") this.pin(undefined);
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step || !this.drawn) return;
      event.preventDefault();
      this.pin(Math.min(Math.max((this.pinned ?? (step > 0 ? -1 : this.drawn)) + step, 0), this.drawn - 1));
    }

    // The token in which the text's caret stands.
    caret() {
      const { lengths } = this.shown;
      const at = utf8.encode(this.textarea.value.slice(0, this.textarea.selectionStart)).length;
      let end = 0;
      let i = 0;
      while (i < lengths.length && (end += lengths[i]) <= at) i++;
      this.pin(i < this.drawn ? i : undefined);
    }

    point(i) {
      this.chips.querySelector(".here")?.classList.remove("here");
      this.mirror.replaceChildren();
      this.pointed.textContent = "";
      if (i === undefined) return;
      const { ids, lengths, text } = this.shown;
      const start = lengths.slice(0, i).reduce((sum, length) => sum + length, 0);
      const end = start + lengths[i];
      const { children } = this.chips;
      children[i].classList.add("here");
      if (i === this.pinned) this.reveal(children[i]);
      const token = this.bytes.subarray(start, end);
      const id = ids[i] < 0 ? "no id" : `id ${ids[i]}`;
      this.pointed.textContent = `Token ${grouped(i)}: ${words(token)}, ${id}, bytes ${Array.from(token, hex).join(" ")}`;
      if (text.length > MARKED) return;
      const [from, to] = whole(text, this.characterAt(start), this.characterAt(end, true));
      this.mirror.style.width = `${this.textarea.clientWidth}px`;
      this.mirror.dir = this.textarea.dir;
      this.mirror.append(text.slice(0, from), element("mark", text.slice(from, to)), `${text.slice(to)}\n`);
      this.mirror.scrollTop = this.textarea.scrollTop;
    }

    // Where in the text a byte stands: at the start of its code point, or at the end of one that was begun.
    characterAt(byte, end = false) {
      const step = end ? 1 : -1;
      while (byte < this.bytes.length && (this.bytes[byte] & 0xc0) === 0x80) byte += step;
      return strict.decode(this.bytes.subarray(0, byte)).length;
    }

    // Scroll the chips, not the page.
    reveal(child) {
      const [inner, outer] = [child.getBoundingClientRect(), this.chips.getBoundingClientRect()];
      if (inner.top < outer.top) this.chips.scrollTop -= outer.top - inner.top;
      if (inner.bottom > outer.bottom) this.chips.scrollTop += inner.bottom - outer.bottom;
    }

    report(words_, share) {
      this.status.textContent = words_;
      if (share === undefined) return;
      const progress = element("progress", "");
      progress.setAttribute("aria-label", "Vocabulary fetched");
      progress.value = Math.min(share, 1);
      this.status.append(" ", progress);
    }

    // The states of a word for the figure of its merges: lists of [text, bytes, id]. Rejects with what to tell.
    async merges(word) {
      if (!word) return [];
      try {
        if (!this.built.ready) await this.fetched(this.built);
      } catch (error) {
        this.fail(error);
        throw new Error(FAILED);
      }
      const { pieces, states } = await this.built.ask({ word });
      if (pieces.length > 1) {
        const cut = pieces.map((piece) => words(utf8.encode(piece))).join(" | ");
        throw new Error(`cut into ${cut}; take one piece`);
      }
      const bytesOf = (token) => Uint8Array.from(token, (character) => character.charCodeAt(0));
      return states.map((state) => state.map(([token, id]) => [words(bytesOf(token)), token.length, id]));
    }
  }

  customElements.define("token-explorer", TokenExplorer);
  const answer = (word) => document.querySelector("token-explorer").merges(word);
  window.anatomyAnswers = { ...window.anatomyAnswers, "token-merges": answer };
})();
