// On the search page, and on a page that a hit opened: excerpts of the article, and its words marked.
// Sphinx asks for this name. Its own marks cut words, and break where the browser keeps nothing.
window.SPHINX_HIGHLIGHT_ENABLED = false;
(() => {
  const asked = new URLSearchParams(location.search);
  const escaped = word => word.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

  // Where words stand in a text: side by side if they do so anywhere, else each of them; whole, but for their endings.
  const places = (text, query) => {
    const words = query.split(/[\s\p{Pd}]+/u).filter(Boolean);
    const found = choices => choices.length
      ? [...text.matchAll(new RegExp(`(?<![\\p{L}\\p{N}])(?:${choices.join("|")})\\p{L}*`, "giu"))] : [];
    const together = found(words.length ? [words.map(escaped).join("[\\s\\p{Pd}]+")] : []);
    return together.length ? together : found(words.filter(word => word.length > 2).map(escaped));
  };

  // Marks are ranges, not elements: the page stays as it is.
  const mark = (boxes, query) => {
    const ranges = [];
    for (const box of boxes) {
      const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT), nodes = [];
      let text = "";
      while (walker.nextNode()) {
        nodes.push([walker.currentNode, text.length]);
        text += walker.currentNode.data;
      }
      const at = index => {
        const [node, start] = nodes.findLast(([, start]) => start <= index);
        return [node, index - start];
      };
      for (const { index, 0: { length } } of places(text, query)) {
        const range = new Range(), [node, end] = at(index + length - 1);
        range.setStart(...at(index));
        range.setEnd(node, end + 1);
        ranges.push(range);
      }
    }
    if (ranges.length) CSS.highlights?.set("found", new Highlight(...ranges));
    return ranges.length;
  };

  const article = document.querySelector("article");
  const query = asked.get("highlight");
  if (query !== null && article) {
    asked.delete("highlight");
    const rest = String(asked);
    history.replaceState(history.state, "", location.pathname + (rest && `?${rest}`) + location.hash);
    if (!mark([article], query) || !CSS.highlights) return;
    const button = Object.assign(document.createElement("button"), { className: "unmark", textContent: "Hide what was found" });
    button.addEventListener("click", () => {
      CSS.highlights.delete("found");
      button.remove();
    });
    article.before(button);
    return;
  }

  document.addEventListener("DOMContentLoaded", () => {
    const results = document.getElementById("search-results");
    if (!results || typeof Search === "undefined") return;
    // what explains a word comes before what lists it
    Scorer.score = ([page, , , , score]) => (["glossary", "notation", "references"].includes(page) ? score / 100 : score);
    const said = (asked.get("q") ?? "").trim();
    const words = said.split(/\s+/).filter(word => !stopwords.has(word.toLowerCase())).join(" ") || said;
    Search.makeSearchSummary = (html, keywords, anchor) => {
      const page = new DOMParser().parseFromString(html, "text/html");
      const whole = page.querySelector("article") ?? page.body;
      for (const part of whole.querySelectorAll(".headerlink, .figure-data, .you-are-here, script, style")) part.remove();
      const text = (anchor && page.getElementById(anchor.slice(1)) || whole).textContent.replace(/\s+/g, " ").trim();
      const first = places(text, words)[0]?.index ?? 0;
      const start = first < 120 ? 0 : text.indexOf(" ", first - 120) + 1;
      const summary = document.createElement("p");
      summary.className = "context";
      const end = start + 240 < text.length ? text.lastIndexOf(" ", start + 240) : text.length;
      summary.textContent = (start ? "… " : "") + text.slice(start, end) + (end < text.length ? " …" : "");
      return summary;
    };
    // of the pages that only hold the words, those where they stand side by side come first
    const together = new RegExp(words.split(/[\s\p{Pd}]+/u).filter(Boolean).map(escaped).join("[\\s\\p{Pd}]+"), "iu");
    // results arrive one by one; what marks the page that a hit opens goes with its address
    new MutationObserver(() => {
      for (const link of results.querySelectorAll("li > a")) link.search = `?highlight=${encodeURIComponent(words)}`;
      for (const context of results.querySelectorAll("li:not([data-placed]) .context")) {
        const item = context.closest("li");
        item.dataset.placed = "";
        if (item.matches(".kind-text") && !together.test(context.textContent)) results.querySelector("ul").append(item);
      }
      mark(results.querySelectorAll(".context"), words);
    }).observe(results, { childList: true, subtree: true });
  });
})();
