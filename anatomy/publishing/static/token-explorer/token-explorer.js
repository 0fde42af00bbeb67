// <token-explorer>: examples tokenized when the book was built, and the reader's own text by a worker.
// The worker and its vocabulary are fetched when the reader first changes the text.
(() => {
  "use strict";
  const HOME = document.currentScript.src.replace(/[^/]*$/, "");
  const BATCH = 200; // chips drawn at once; scrolling draws more
  const MARKS = { " ": "·", "\n": "↵", "\r": "␍", "\t": "⇥" };
  const DRAWS_NOTHING = /[\p{White_Space}\p{C}\p{Default_Ignorable_Code_Point}]/u;
  const utf8 = new TextEncoder();
  const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  const element = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  const hex = (byte) => byte.toString(16).toUpperCase().padStart(2, "0");
  const grouped = (number) => (number < 0 ? "–" : number.toLocaleString("en"));

  function markOf(character) {
    if (character in MARKS) return MARKS[character];
    if (!DRAWS_NOTHING.test(character)) return null;
    return "U+" + character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
  }

  function chip(id, bytes) {
    const span = document.createElement("span");
    span.dataset.tokenId = id;
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

  // dir="auto" takes Chromium minutes on 100,000 lines, so look for the first letter ourselves
  function directionOf(text) {
    const letter = text.match(/\p{L}/u);
    return letter && /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}]/u.test(letter[0]) ? "rtl" : "ltr";
  }

  // An example, read back from the chips that the book was built with.
  function readExample(section) {
    const ids = [];
    const lengths = [];
    for (const span of section.querySelectorAll("[data-token-id]")) {
      ids.push(Number(span.dataset.tokenId));
      lengths.push(span.querySelectorAll("b").length || utf8.encode(span.textContent).length);
    }
    const chips = section.querySelector(".chips");
    const counts = Array.from(section.querySelectorAll("dd"), (dd) => dd.textContent);
    return { text: section.dataset.text, ids, lengths, counts, lang: chips.lang, dir: chips.dir };
  }

  class TokenExplorer extends HTMLElement {
    connectedCallback() {
      if (this.textarea) return;
      this.textarea = this.querySelector("textarea");
      this.status = this.querySelector("[role=status]");
      this.buttons = [...this.querySelectorAll("button")];
      const sections = [...this.querySelectorAll("section")];
      this.examples = sections.map(readExample);
      this.section = sections[0];
      for (const section of sections.slice(1)) section.remove();
      this.section.querySelector("h3, .name")?.remove();
      this.chips = this.section.querySelector(".chips");
      this.counts = [...this.section.querySelectorAll("dd")];
      this.turn = 0;

      this.buttons.forEach((button, i) => button.addEventListener("click", () => this.choose(i)));
      for (const box of this.querySelectorAll("input[type=checkbox]")) {
        box.addEventListener("change", () => this.toggle());
      }
      this.chips.addEventListener("scroll", () => this.fill());
      this.textarea.addEventListener("input", () => this.typed());
      this.toggle();
      this.choose(0);
    }

    // every token id of the text that is shown, drawn or not
    get tokens() {
      return Array.from(this.shown.ids);
    }

    toggle() {
      const boxes = [...this.querySelectorAll("input[type=checkbox]")];
      this.dataset.show = boxes.filter((box) => box.checked).map((box) => box.name).join(" ");
      if (this.shown) this.fill();
    }

    choose(i) {
      const example = this.examples[i];
      this.press(i);
      this.turn++;
      this.waiting = undefined;
      this.textarea.value = example.text;
      this.textarea.dir = this.chips.dir = example.dir;
      this.textarea.lang = this.chips.lang = example.lang;
      this.show(example);
    }

    press(chosen) {
      this.buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === chosen)));
    }

    typed() {
      this.press(-1);
      this.turn++;
      this.waiting = this.textarea.value;
      this.textarea.dir = this.chips.dir = directionOf(this.waiting);
      this.textarea.lang = this.chips.lang = "";
      this.chips.setAttribute("aria-busy", "true");
      if (!this.worker) this.start();
      this.send();
    }

    // only the newest text waits: the worker never falls behind the typing
    send() {
      if (!this.ready || this.busy || this.waiting === undefined) return;
      this.busy = true;
      this.sent = this.waiting;
      this.waiting = undefined;
      this.worker.postMessage({ text: this.sent, turn: this.turn });
    }

    async start() {
      this.dataset.state = "loading";
      this.report("Fetching the vocabulary …", 0);
      try {
        if (location.protocol === "file:") {
          const { worker, vocabulary } = await this.offline();
          this.run(URL.createObjectURL(new Blob([worker], { type: "text/javascript" })));
          const packed = Uint8Array.from(atob(vocabulary), (character) => character.charCodeAt(0));
          this.worker.postMessage({ packed });
        } else {
          this.run(`${HOME}tokenizer.js`);
          this.worker.postMessage({ url: `${HOME}o200k_base.bin` });
        }
      } catch (error) {
        this.fail(error);
      }
    }

    run(url) {
      this.worker = new Worker(url);
      this.worker.onmessage = ({ data }) => this.hear(data);
      this.worker.onerror = (event) => this.fail(event.message);
    }

    // over file:// neither fetch nor a worker's own file is allowed, but a script is
    offline() {
      this.worker = "loading";
      return new Promise((resolve, reject) => {
        const script = element("script", "");
        script.src = `${HOME}offline.js`;
        script.onload = () => resolve(window.anatomyOffline);
        script.onerror = () => reject(new Error("offline.js is missing"));
        document.head.append(script);
      });
    }

    hear(message) {
      if (message.failed) this.fail(message.failed);
      else if (message.loaded) this.report("Fetching the vocabulary …", message.loaded / this.dataset.size);
      else if (message.ready) {
        this.ready = true;
        this.dataset.state = "live";
        this.report("");
        this.send();
      } else {
        this.busy = false;
        if (message.turn === this.turn) {
          const counts = [message.characters, message.codePoints, message.bytes, message.ids.length].map(grouped);
          this.show({ text: this.sent, ids: message.ids, lengths: message.lengths, counts });
        }
        this.send();
      }
    }

    fail(reason) {
      console.warn(`token-explorer: ${reason}`);
      this.worker?.terminate?.();
      this.worker = undefined;
      this.ready = this.busy = false;
      this.dataset.state = "failed";
      this.chips.setAttribute("aria-busy", "false");
      this.report("The vocabulary could not be loaded. The examples still work; change the text to try again.");
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

    report(words, share) {
      this.status.textContent = words;
      if (share === undefined) return;
      const progress = element("progress", "");
      progress.setAttribute("aria-label", "Vocabulary fetched");
      progress.value = Math.min(share, 1);
      this.status.append(" ", progress);
    }
  }

  customElements.define("token-explorer", TokenExplorer);
})();
