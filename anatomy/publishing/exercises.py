"""Solutions of sphinx-exercise stay shut until the reader opens them: <details>, so without any script."""

from html import escape

from docutils import nodes
from sphinx_exercise.nodes import (
    depart_exercise_enumerable_node,
    exercise_enumerable_node,
    solution_node,
    visit_exercise_enumerable_node,
)


def visit_solution(self, node):
    (title,) = (child for child in node.children if isinstance(child, nodes.title))
    self.body.append(self.starttag(node, "details"))
    # in words: a link inside a summary would be a button inside a button
    self.body.append(f"<summary>{escape(title.astext())}</summary>\n")
    for child in node.children:
        if child is not title:
            child.walkabout(self)
    self.body.append("</details>\n")
    raise nodes.SkipNode


def visit_exercise_latex(self, node):
    """The label that links in solutions ask for; sphinx-exercise writes another one."""
    self.body.append(self.hypertarget(node["label"]))
    visit_exercise_enumerable_node(self, node)


def without_wrappers(app, doctree, docname):
    """sphinx-exercise wraps every body in a section of the same id; ids must differ on a page."""
    for section in list(doctree.findall(nodes.section)):
        if section["ids"] in (["exercise-content"], ["solution-content"]):
            section["ids"] = []
            section.replace_self(section.children)


def setup(app):
    app.setup_extension("sphinx_exercise")
    # its stylesheet is ours to write, and is copied only after an EPUB is zipped
    app.registry.css_files[:] = [file for file in app.registry.css_files if file[0] != "exercise.css"]
    app.connect("doctree-resolved", without_wrappers)
    latex = (visit_exercise_latex, depart_exercise_enumerable_node)
    app.add_node(exercise_enumerable_node, override=True, latex=latex)
    app.add_node(solution_node, override=True, html=(visit_solution, None))
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
