// Twin of descend() in anatomy/optimizers.py: rules of two numbers, the same order of operations.

export const quadratic_curvature = (condition, degrees) => {
  const c = Math.cos(degrees * Math.PI / 180), s = Math.sin(degrees * Math.PI / 180);
  return [c * c + condition * s * s, (1 - condition) * c * s, s * s + condition * c * c];
};

export const valley = (condition, degrees) => {
  const [xx, xy, yy] = quadratic_curvature(condition, degrees);
  return {
    value: ([x, y]) => 0.5 * (xx * x * x + 2 * xy * x * y + yy * y * y),
    gradient: ([x, y]) => [xx * x + xy * y, xy * x + yy * y],
  };
};

export const banana = () => ({
  value: ([x, y]) => (1 - x) ** 2 + 100 * (y - x * x) ** 2,
  gradient: ([x, y]) => [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)],
});

const RULES = {
  SGD: (lr, x, g) => x - lr * g,
  momentum: (lr, x, g, m) => { m.v = 0.9 * m.v + g; return x - lr * m.v; },
  Nesterov: (lr, x, g, m) => { m.v = 0.9 * m.v + g; return x - lr * (g + 0.9 * m.v); },
  RMSProp: (lr, x, g, m) => { m.s = 0.9 * m.s + 0.1 * g * g; return x - lr * (g / (Math.sqrt(m.s) + 1e-8)); },
  Adam: (lr, x, g, m, t) => {
    m.v = 0.9 * m.v + (1 - 0.9) * g;
    m.s = 0.999 * m.s + (1 - 0.999) * g * g;
    return x - lr / (1 - 0.9 ** t) * (m.v / (Math.sqrt(m.s / (1 - 0.999 ** t)) + 1e-8));
  },
  AdamW: (lr, x, g, m, t) => RULES.Adam(lr, x * (1 - lr * 0.01), g, m, t),
};

export const descent = (name, lr, { value, gradient }, start, n_steps) => {
  const path = [start], values = [value(start)], memory = start.map(() => ({ v: 0, s: 0 }));
  for (let t = 1; t <= n_steps; t++) {
    const point = path.at(-1), g = gradient(point);
    const next = point.map((x, i) => RULES[name](lr, x, g[i], memory[i], t));
    if (!next.every(x => Math.abs(x) <= 1e6)) break; // diverged
    path.push(next);
    values.push(value(next));
  }
  return { path, values };
};
