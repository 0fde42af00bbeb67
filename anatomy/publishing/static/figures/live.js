// Fetched with BokehJS, when the reader comes near the first figure: draws figures and keeps them in the page's inks.
window.anatomyFigures = {};
window.anatomyLive = (() => {
  const here = new URL(".", document.currentScript.src);
  const inks = "@INKS@";
  const widgets = new CSSStyleSheet();
  widgets.replaceSync("@WIDGETS@");
  const fetched = {};
  const fetchScript = url => fetched[url] ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = url;
    script.async = false;
    script.onload = done;
    script.onerror = () => {
      delete fetched[url]; // the next intent asks again
      fail(new Error(`could not load ${url}`));
    };
    document.head.append(script);
  });

  // Recolouring. Models keep their light inks in `light`; what is drawn follows data-theme.
  const isDark = () => document.documentElement.dataset.theme === "dark";
  const light = new WeakMap();
  const darken = value => {
    if (typeof value === "string") return inks[value.toLowerCase()] ?? value;
    if (Array.isArray(value)) return value.map(darken);
    if (value?.constructor === Object && typeof value.value === "string") return { ...value, value: darken(value.value) };
    return value;
  };
  const same = (a, b) => a === b || JSON.stringify(a) === JSON.stringify(b);
  const paintModel = model => {
    const kept = light.get(model) ?? light.set(model, {}).get(model);
    const changed = {};
    for (const property of model) {
      const name = property.attr;
      if (!/color$|palette/.test(name)) continue;
      const now = property.get_value();
      if (typeof now !== "string" && !Array.isArray(now) && now?.constructor !== Object) continue;
      if (now?.transform || now?.field) continue;
      if (!(name in kept)) kept[name] = now;
      const wanted = isDark() ? darken(kept[name]) : kept[name];
      if (!same(wanted, now)) changed[name] = wanted;
    }
    if (Object.keys(changed).length) model.setv(changed);
  };
  const views = [];
  const paint = () => views.forEach(view => view.model.references().forEach(paintModel));
  new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["data-theme"] });

  // Bokeh's widgets live in shadow roots: give them the book's style and the slider handles a name. A plot is an
  // image to those who cannot see it, described by the picture's words until a control has moved.
  const dress = (element, words) => {
    for (const node of element.querySelectorAll("*")) {
      if (node.shadowRoot) {
        if (!node.shadowRoot.adoptedStyleSheets.includes(widgets)) node.shadowRoot.adoptedStyleSheets.push(widgets);
        dress(node.shadowRoot, words);
      }
      if (node.matches(".noUi-handle")) {
        const title = element.querySelector(".bk-slider-title")?.textContent.split(":")[0].trim();
        node.setAttribute("aria-label", title || "Value");
      }
      if (node.matches(".bk-Figure")) {
        node.setAttribute("role", "img");
        if (words) node.setAttribute("aria-label", words);
      }
      if (node.matches(".bk-spin-btn")) [node.ariaHidden, node.tabIndex] = ["true", -1]; // the field has arrow keys
      if (node.matches(".bk-events")) node.removeAttribute("tabindex"); // nothing there answers to keys
    }
  };

  return async figure => {
    figure.dataset.state = "loading";
    const stage = figure.querySelector(".stage");
    const target = document.createElement("div");
    target.className = "live";
    const said = document.createElement("p");
    said.className = "said";
    said.setAttribute("role", "status");
    let words = stage.querySelector("img")?.alt ?? "";
    try {
      const name = figure.id.slice("fig-".length);
      const bokeh = figure.dataset.bundles.split(" ").map(n => `../bokeh/${n}-${figure.dataset.bokeh}.min.js`);
      await Promise.all([...bokeh, figure.dataset.item].map(path => fetchScript(new URL(path, here).href)));
      stage.append(target);
      const data = anatomyFigures[name];
      data.item.doc.version = Bokeh.version; // left out of the data, so that its bytes outlive releases
      const [view] = (await Bokeh.embed.embed_item(data.item, target)).roots;
      views.push(view);
      const document_ = view.model.document;
      const tell = news => {
        said.textContent = words = news;
        dress(target, words);
      };
      if (data.show) {
        anatomyDrive(document_, data, { element: target, tell });
      }
      if (!document_.is_idle) await new Promise(done => document_.idle.connect(done));
      dress(target, words);
      target.append(said);
      new MutationObserver(() => dress(target, words)).observe(target, { childList: true, subtree: true });
      paint();
      figure.bokehDocument = document_;
      figure.dataset.state = "live";
    } catch (problem) {
      // a plugin that came before BokehJS found nothing to join, so all are asked for again
      if (!window.Bokeh) for (const url in fetched) delete fetched[url];
      target.remove();
      figure.dataset.state = "failed";
      console.error(problem);
    }
  };
})();
