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
  });
  const near = new IntersectionObserver(entries => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      load().then(() => anatomyLive(target), () => { target.dataset.state = "failed"; });
    }
  }, { rootMargin: "300px" });
  const watch = () => {
    intents.forEach(intent => removeEventListener(intent, watch));
    figures.forEach(figure => near.observe(figure));
  };
  intents.forEach(intent => addEventListener(intent, watch, { passive: true }));
})();
