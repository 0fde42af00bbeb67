export const MOST_OPERATIONS = 6;
const SIGNS = { "+": "+", "*": "×", "×": "×", "·": "×" };
const CURVES = ["tanh", "relu"];

// Reads an expression of a, b, c and numbers with +, ×, tanh and relu -> { nodes } or { error }, in words.
// A node is { operation, name, number, parents }; nodes stand in the order of computation, each name is one node.
// Twin: anatomy.studies.backpropagation.expression
export function parse_expression(text) {
  const tokens = text.slice(0, 200).replace(/−/g, "-").match(/\d+(\.\d+)?|\p{L}+|[^\s]/gu) ?? [];
  const nodes = [], place = {};
  let at = 0;
  const fail = words => { throw new Error(words); };
  const found = () => (at < tokens.length ? `"${tokens[at]}"` : "the end");
  const add = node => nodes.push({ operation: "", name: "", number: 0, parents: [], ...node }) - 1;

  const factor = () => {
    const token = tokens[at];
    if (token === "-" && /^\d/.test(tokens[at + 1] ?? "")) { at += 2; return add({ number: -Number(tokens[at - 1]) }); }
    if (/^\d/.test(token ?? "")) { at += 1; return add({ number: Number(token) }); }
    if (["a", "b", "c"].includes(token)) { at += 1; return (place[token] ??= add({ name: token })); }
    if (CURVES.includes(token)) {
      at += 1;
      if (tokens[at] !== "(") fail(`${token} needs brackets, as in ${token}(a)`);
      return add({ parents: [bracket()], operation: token });
    }
    if (token === "(") return bracket();
    if (token === "-") fail("− stands only before a number: write a + −1 × b");
    if (/^\p{L}/u.test(token ?? "")) fail(`"${token}" is unknown: use a, b, c, tanh, relu`);
    return fail(`a name or number is missing before ${found()}`);
  };
  const bracket = () => {
    at += 1;
    const inner = sum();
    if (tokens[at] !== ")") fail(`a closing bracket is missing before ${found()}`);
    at += 1;
    return inner;
  };
  const chain = (sign, part) => {
    let left = part();
    while (SIGNS[tokens[at]] === sign) {
      at += 1;
      const parents = [left, part()];
      left = add({ parents, operation: sign });
    }
    return left;
  };
  const product = () => chain("×", factor);
  const sum = () => chain("+", product);

  try {
    if (!tokens.length) fail("type an expression, such as a × b + c");
    sum();
    if (tokens[at] === ")") fail("a bracket closes that was not opened");
    if (tokens[at] === "-") fail("− stands only before a number: write a + −1 × b");
    if (at < tokens.length) fail(`+ or × is missing before ${found()}`);
    const n = nodes.filter(node => node.operation).length;
    if (n > MOST_OPERATIONS) fail(`these are ${n} operations, and there is room for ${MOST_OPERATIONS}`);
    if (!Object.keys(place).length) fail("use at least one of a, b and c");
    if (!n) fail("use at least one of +, ×, tanh and relu");
  } catch (error) {
    return { error: error.message };
  }
  return { nodes };
}

// Forward: the value of every node. given: { a, b, c }; fixed_at, fixed_to: one node whose value is set by hand.
export function expression_values(nodes, given, fixed_at = -1, fixed_to = 0) {
  const values = [];
  nodes.forEach(({ operation, name, number, parents }, i) => {
    const [left, right] = parents.map(parent => values[parent]);
    if (i === fixed_at) values.push(fixed_to);
    else if (operation === "+") values.push(left + right);
    else if (operation === "×") values.push(left * right);
    else if (operation === "tanh") values.push(Math.tanh(left));
    else if (operation === "relu") values.push(left > 0 ? left : 0);
    else values.push(name ? given[name] : number);
  });
  return values;
}

// The derivative of a node with respect to each of its parents.
export function local_derivatives({ operation, parents }, values, i) {
  const [left, right] = parents.map(parent => values[parent]);
  if (operation === "+") return [1, 1];
  if (operation === "×") return [right, left];
  if (operation === "tanh") return [1 - values[i] ** 2];
  return operation === "relu" ? [left > 0 ? 1 : 0] : [];
}

// Backward, from the last node to the first -> { gradients, walk: [{ node, passed }] }. n: how many operations act.
// keep_last: a node keeps only what arrived last, as code does that says = where += is meant.
export function walk_back(nodes, values, n = Infinity, keep_last = false) {
  const gradients = nodes.map(() => null), walk = [];
  gradients[nodes.length - 1] = 1;
  for (let i = nodes.length - 1; i >= 0 && walk.length < n; i -= 1) {
    if (!nodes[i].operation) continue;
    const passed = local_derivatives(nodes[i], values, i).map(slope => gradients[i] * slope);
    nodes[i].parents.forEach((parent, place) => {
      gradients[parent] = keep_last ? passed[place] : (gradients[parent] ?? 0) + passed[place];
    });
    walk.push({ node: i, passed });
  }
  return { gradients, walk };
}

// The slope of the last node along one node, by moving that node's value up and down by h.
export function nudged_slope(nodes, given, i, h) {
  const value = expression_values(nodes, given)[i];
  const [above, below] = [value + h, value - h].map(moved => expression_values(nodes, given, i, moved).at(-1));
  return (above - below) / (2 * h);
}
