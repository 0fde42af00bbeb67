// Puts a figure to work: reads its controls, asks its script what each part shows, and hands it to the parts.
// Used by live.js on the page and by pictures.py where the committed pictures are drawn.
window.anatomyDrive = (bokeh, { data, controls, picks, drags, asks = [], show }, { element = null, tell = () => {} } = {}) => {
  const named = Object.fromEntries([...bokeh.roots()[0].references()].filter(m => m.name).map(m => [m.name, m]));
  const presses = {}, previews = {}, pointed = {}, firsts = {};

  const value_of = name => {
    const model = named[name];
    if (model.type === "Select") return Number(model.value);
    if (model.type === "Button") return presses[name] ?? 0;
    return "active" in model ? model.active : model.value;
  };
  const put = (name, value) => {
    const model = named[name];
    if (model.type === "Button") presses[name] = value;
    else if (model.type === "Select") model.value = String(value);
    else if ("active" in model) model.active = value;
    else model.value = model.type === "Slider" ? Math.min(model.end, Math.max(model.start, value)) : value;
  };
  const hand = (model, wanted) => {
    if (model.type === "ColumnDataSource") model.data = { ...model.data, ...wanted };
    else if ("labels" in wanted) { // of an axis: one for each whole number from 0, upwards if it began so
      const sign = model.ticker.ticks.some(tick => tick > 0) ? 1 : -1;
      model.ticker.ticks = wanted.labels.map((_, i) => sign * i);
      model.major_label_overrides = new Map(wanted.labels.map((label, i) => [sign * i, label]));
    } else model.setv(wanted);
  };

  const read = () => ({ ...Object.fromEntries(controls.map(name => [name, value_of(name)])), ...previews });
  // What the data lacks is asked of the page once; a text is why there is no answer, and forgotten for the next try.
  const asked = new Set();
  const look = (entries, value, answer) => {
    if (Object.hasOwn(entries, value) || asked.has(value)) return;
    asked.add(value);
    Promise.resolve(value).then(value => window.anatomyAnswers[answer](value))
      .then(entry => { entries[value] = entry; draw(); })
      .catch(problem => { entries[value] = problem.message; draw(); delete entries[value]; })
      .finally(() => asked.delete(value));
  };

  let before = null, busy = false;
  const draw = () => {
    if (busy) return; // a part that show moves may be a control
    busy = true;
    try {
      const state = read();
      const { say, ...parts } = show(data, state, before);
      for (const [name, wanted] of Object.entries(parts)) {
        if (!named[name]) throw new Error(`the figure has no part called ${name}`);
        hand(named[name], wanted);
      }
      for (const [control, table, answer] of asks) {
        if (!named[control].disabled) look(data[table], value_of(control), answer);
      }
      if (before) tell(say);
      before = read(); // with what show moved
    } finally {
      busy = false;
    }
  };

  for (const name of controls) {
    const model = named[name];
    firsts[name] = value_of(name);
    if (model.type === "Button") model.on_event("button_click", () => { presses[name] = value_of(name) + 1; draw(); });
    else model.properties["active" in model ? "active" : "value"].change.connect(draw);
  }
  for (const [mark, control] of picks) {
    const source = named[mark];
    const value = indices => (indices.length ? (source.data.pick ?? [])[indices[0]] ?? indices[0] : null);
    source.inspect.connect(() => {
      const found = value(source.inspected.indices);
      if (found === (previews[control] ?? null)) return;
      if (found === null && pointed[control] !== mark) return; // the pointer is on other marks of this control
      if (found === null) delete previews[control];
      else previews[control] = found;
      pointed[control] = mark;
      draw();
    });
    source.selected.properties.indices.change.connect(() => {
      const found = value(source.selected.indices);
      if (found === null) return;
      delete previews[control];
      source.selected.indices = [];
      put(control, found);
      draw();
    });
  }
  for (const [plot, x, y] of drags) {
    for (const event of ["tap", "panstart", "pan"]) named[plot].on_event(event, at => {
      for (const [control, value] of [[x, at.x], [y, at.y]]) {
        if (control && named[control].visible && !named[control].disabled) put(control, value);
      }
    });
  }
  element?.addEventListener("keydown", event => {
    if (event.key !== "Escape") return;
    for (const [, control] of picks) {
      delete previews[control];
      put(control, firsts[control]);
    }
    draw();
  });
  draw();
  return { put: state => { for (const [name, value] of Object.entries(state)) put(name, value); draw(); } };
};
