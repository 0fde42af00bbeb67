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

  const NOTHING = { text: "", ids: [], lengths: [], counts: ["–", "–", "–", "–"] }; // of a text not counted yet

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
      this.own = false;
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
      this.own = true;
      this.press(-1);
      this.turn++;
      this.waiting = this.textarea.value;
      this.textarea.dir = this.chips.dir = directionOf(this.waiting);
      this.textarea.lang = this.chips.lang = "";
      if (!this.ready) this.show(NOTHING);
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
      this.worker = "loading";
      this.dataset.state = "loading";
      this.report("Fetching the vocabulary …", 0);
      try {
        let source = `${HOME}tokenizer.js`;
        let packed;
        if (location.protocol === "file:") {
          const { worker, vocabulary } = await this.offline();
          source = URL.createObjectURL(new Blob([worker], { type: "text/javascript" }));
          packed = Uint8Array.from(atob(vocabulary), (character) => character.charCodeAt(0));
        } else {
          packed = await this.download(`${HOME}o200k_base.bin`);
        }
        // whatever a network puts in its place (a page to sign in on, half a file) has other bytes
        packed = await unpacked(packed);
        if (checksumOf(packed) !== Number(this.dataset.checksum)) throw new Error("these bytes are no vocabulary");
        this.run(source);
        this.worker.postMessage({ packed });
      } catch (error) {
        this.fail(error);
      }
    }

    async download(url) {
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
        this.report("Fetching the vocabulary …", loaded / this.dataset.size);
      }
      return new Uint8Array(await new Blob(chunks).arrayBuffer());
    }

    run(url) {
      this.worker = new Worker(url);
      this.worker.onmessage = ({ data }) => this.hear(data);
      this.worker.onerror = (event) => this.fail(event.message);
    }

    // over file:// neither fetch nor a worker's own file is allowed, but a script is
    offline() {
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
      this.waiting = undefined;
      if (this.own) this.show(NOTHING);
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
