"""The style of the bibliographies: pybtex's plain, which formats an entry once and not at every build.

An entry stands in the lists of its chapters, in the list of all, and in what a pointer shows over its citations.
"""

from typing import ClassVar

from pybtex.plugin import register_plugin
from pybtex.style import FormattedEntry
from pybtex.style.formatting import plain
from pybtex.style.labels import number
from pybtex.style.names import plain as plain_names
from pybtex.style.sorting import author_year_title


class Style(plain.Style):
    # as classes: a name would be looked up in all installed packages, for every list
    default_name_style = plain_names.NameStyle
    default_label_style = number.LabelStyle
    default_sorting_style = author_year_title.SortingStyle
    formatted: ClassVar[dict[str, tuple]] = {}  # key -> an entry and its text

    def format_entry(self, label, entry, bib_data=None):
        known, text = self.formatted.get(entry.key, (None, None))
        if known != entry:
            text = super().format_entry(label, entry, bib_data).text
            self.formatted[entry.key] = entry, text
        return FormattedEntry(entry.key, text, label)


def recall(app, env):
    """What the build before formatted."""
    for citation in env.get_domain("cite").citations:
        Style.formatted.setdefault(citation.entry.key, (citation.entry, citation.formatted_entry.text))


def setup(app):
    register_plugin("pybtex.style.formatting", "once", Style)
    app.connect("env-updated", recall, priority=100)  # before the extension begins anew
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
