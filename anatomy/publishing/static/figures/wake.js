// Part of book.js: fetches live.js and wakes a figure once the reader shows intent and comes near it.
(() => {
  const figures = document.querySelectorAll(".anatomy-figure[data-state]");
  if (!figures.length) return;
  const here = new URL(".", document.currentScript.src);
  const intents = ["scroll", "wheel", "pointermove", "pointerdown", "touchstart", "keydown"];
  let live;
  const load = () => live ??= new Promise((done, fail) => {
    const script = document.createElement("script");
    script.src = new URL("figures/live.js", here);
    script.onload = done;
    script.onerror = fail;
    document.head.append(script);
  }).catch(() => { live = undefined; });
  const waits = new WeakMap();
  const wake = async figure => {
    await load();
    if (live) await anatomyLive(figure);
    else figure.dataset.state = "failed";
    if (figure.dataset.state !== "failed") return;
    // a dropped request is made again at the reader's next move, but ever less often
    const wait = 2 * (waits.get(figure) ?? 500);
    waits.set(figure, wait);
    setTimeout(() => onIntent(() => near.observe(figure)), wait);
  };
  const near = new IntersectionObserver(entries => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      wake(target);
    }
  }, { rootMargin: "300px" });
  const onIntent = act => {
    const once = () => {
      intents.forEach(intent => removeEventListener(intent, once));
      act();
    };
    intents.forEach(intent => addEventListener(intent, once, { passive: true }));
  };
  onIntent(() => figures.forEach(figure => near.observe(figure)));
})();
