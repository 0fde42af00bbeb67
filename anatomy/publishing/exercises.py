"""Solutions of sphinx-exercise stay shut until the reader opens them: <details>, so without any script."""

from html import escape

from docutils import nodes
from sphinx_exercise.nodes import solution_node


def visit_solution(self, node):
    (title,) = (child for child in node.children if isinstance(child, nodes.title))
    node.remove(title)  # shown in words: a link inside a summary would be a button inside a button
    node["classes"] = ["solution"]
    self.body.append(self.starttag(node, "details"))
    self.body.append(f"<summary>{escape(title.astext())}</summary>\n")


def depart_solution(self, node):
    self.body.append("</details>\n")


def setup(app):
    app.setup_extension("sphinx_exercise")
    app.add_node(solution_node, override=True, html=(visit_solution, depart_solution))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
