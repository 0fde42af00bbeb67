// Part of book.js: light and dark, search, drawers, the highlighted entry of the contents, copy buttons.
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const one = selector => document.querySelector(selector);
  const here = new URL(".", document.currentScript.src);

  // Light or dark: one button, which goes back to the system's choice where that is what the reader asks for.
  // Where the system forces its colours, its ground decides. Paper is light, for figures that are live too.
  const system = matchMedia("(prefers-color-scheme: dark)"), forced = matchMedia("(forced-colors: active)");
  const paint = () => {
    const { mode } = root.dataset;
    root.dataset.theme = mode === "auto" || forced.matches ? (system.matches ? "dark" : "light") : mode;
  };
  system.addEventListener("change", paint);
  forced.addEventListener("change", paint);
  addEventListener("beforeprint", () => { root.dataset.theme = "light"; });
  addEventListener("afterprint", paint);
  all(".theme-change-button").forEach(button => button.addEventListener("click", () => {
    const wanted = root.dataset.theme === "dark" ? "light" : "dark";
    root.dataset.mode = system.matches === (wanted === "dark") ? "auto" : wanted;
    try { localStorage.setItem("mode", root.dataset.mode); } catch { /* the choice lasts for this page */ }
    paint();
  }));

  // Search: a dialog, opened by any search button and by Ctrl+K.
  const dialog = one("#pst-search-dialog"), field = one("main form.bd-search input");
  const search = () => {
    if (field) field.focus();
    else if (dialog?.open) dialog.close();
    else dialog?.showModal();
  };
  all(".search-button__button").forEach(button => button.addEventListener("click", search));
  const mac = /Mac|iPhone|iPad/.test(navigator.platform);
  if (mac) all(".kbd-shortcut__modifier").forEach(key => { key.textContent = "⌘"; });
  addEventListener("keydown", event => {
    if ((mac ? event.metaKey : event.ctrlKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      search();
    }
  });

  // A click beside a dialog closes it.
  all("dialog").forEach(d => d.addEventListener("click", event => {
    const { left, right, top, bottom } = d.getBoundingClientRect();
    const { clientX: x, clientY: y } = event;
    if (event.target === d && (x < left || x > right || y < top || y > bottom)) d.close();
  }));

  // Drawers: on a narrow page a sidebar's content moves into a dialog while it is open.
  const move = (from, to) => {
    to.append(...from.childNodes);
    to.className = from.className;
    from.className = "";
  };
  const drawer = (button, sidebar, modal) => {
    if (!button || !sidebar || !modal) return;
    button.addEventListener("click", () => {
      if (button.matches(".primary-toggle") && matchMedia("(min-width: 960px)").matches) {
        sidebar.classList.toggle("pst-sidebar-hidden");
        return;
      }
      move(sidebar, modal);
      modal.showModal();
    });
    modal.addEventListener("close", () => {
      move(modal, sidebar);
      button.focus();
    });
    modal.addEventListener("click", event => { if (event.target.closest("a[href]")) modal.close(); });
  };
  drawer(one(".primary-toggle"), one("#pst-primary-sidebar"), one("#pst-primary-sidebar-modal"));
  drawer(one(".secondary-toggle"), one("#pst-secondary-sidebar"), one("#pst-secondary-sidebar-modal"));

  // The header gets its rule once the page has moved.
  const pixel = one("#pst-scroll-pixel-helper");
  if (pixel) new IntersectionObserver(([entry]) => document.body.classList.toggle("scrolled", !entry.isIntersecting)).observe(pixel);

  // Contents: mark the section that is being read, and step aside for notes in the margin.
  const contents = one("#pst-secondary-sidebar"), sections = new Map();
  for (const link of all("#pst-page-toc-nav a")) {
    const section = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (section) sections.set(section.querySelector("h1, h2, h3, h4") ?? section, link);
  }
  const reading = new IntersectionObserver(entries => {
    const seen = entries.filter(entry => entry.isIntersecting).pop();
    if (!seen) return;
    for (const link of sections.values()) {
      link.classList.remove("active");
      link.removeAttribute("aria-current");
    }
    sections.get(seen.target).classList.add("active");
    sections.get(seen.target).setAttribute("aria-current", "true");
  }, { rootMargin: "0px 0px -70% 0px" });
  for (const heading of sections.keys()) reading.observe(heading);
  const notes = new Set();
  const margin = new IntersectionObserver(entries => {
    for (const { isIntersecting, target } of entries) notes[isIntersecting ? "add" : "delete"](target);
    contents?.classList.toggle("hide", notes.size > 0);
  }, { rootMargin: "0px 0px -33% 0px" });
  all("aside.margin").forEach(note => margin.observe(note));

  // What scrolls sideways can be scrolled by keyboard.
  const reachable = () => all("pre, .pst-scrollable-table-container, div.math").forEach(box => {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  });
  addEventListener("resize", reachable);
  addEventListener("load", reachable);
  reachable();

  // Copy buttons.
  all("article div.highlight").forEach(block => {
    if (block.closest(".cell_output")) return;
    const button = document.createElement("button"), code = block.querySelector("pre");
    button.className = "copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      let copied = true;
      try {
        await navigator.clipboard.writeText(code.textContent);
      } catch {  // plain HTTP, or no permission: the older way, or the reader's own hand
        getSelection().selectAllChildren(code);
        copied = document.execCommand("copy");
      }
      button.textContent = copied ? "Copied" : `Press ${mac ? "⌘" : "Ctrl+"}C`;
      button.classList.add("done");
      setTimeout(() => {
        button.textContent = "Copy";
        button.classList.remove("done");
      }, 1500);
    });
    block.append(button);
  });

  // Words that were searched for are marked by a script that only readers who come from a search fetch.
  if (field) field.focus();
  else if (new URLSearchParams(location.search).has("highlight")) {
    const script = document.createElement("script");
    script.src = new URL("search.js", here);
    document.head.append(script);
  }
})();
