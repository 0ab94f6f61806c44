"""TeX → MathML while a page is built."""

import re
from xml.etree import ElementTree

import markdown
import pytest
import yaml

from site_gen.pages.mathml import MathError, mathml

FORMULAS = {
    r"\hat x_i = \frac{x_i - \mu_B}{\sqrt{\sigma_B^2 + \varepsilon}}": (
        "mover",
        "mfrac",
        "msqrt",
        "msubsup",
    ),
    r"y_i = \gamma\,\hat x_i + \beta": ("mover", "mspace"),
    r"\mu_B = \frac1m \sum_{i=1}^{m} x_i": ("munderover", "mfrac"),
    r"\frac{\partial L}{\partial \hat x_i} = \frac{\partial L}{\partial y_i}\,\gamma": ("mfrac",),
    r"\begin{aligned} a &= b \\ c &= d + \tfrac12 \end{aligned}": ("mtable", "mtr", "mtd"),
    r"\begin{align} a &= b \\ c &= d \end{align}": ("mtable",),
    r"\begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}": ("mtable", "mtext"),
    r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}": ("mtable",),
    r"\operatorname{Var}[x] = \mathbb{E}\bigl[(x - \mathbb{E}[x])^2\bigr]": ("msup",),
    r"\lVert g \rVert_2 \le \lVert x \rVert \odot y": ("msub",),
    r"\mathbf{1}^\top \boldsymbol{x},\ \mathcal{L},\ \mathbb{R}^{m \times d}": ("msup",),
    r"\bar g,\ \tilde x,\ \overline{x},\ \underbrace{x}_{y},\ \widehat{x}": ("mover", "munder"),
    r"\lim_{m \to \infty} \left( 1 - \frac1m \right)^{m} \approx e^{-1}": ("mfrac", "msup"),
    r"\Delta w \propto -\eta \nabla_w L,\ a \mapsto b,\ \langle u, v \rangle": ("msub",),
}


@pytest.mark.parametrize("display", [False, True])
@pytest.mark.parametrize("tex", FORMULAS)
def test_formulas_of_derivations_are_set(tex: str, display: bool) -> None:
    root = ElementTree.fromstring(
        mathml(tex, display).replace("&ApplyFunction;", "\N{FUNCTION APPLICATION}")
    )
    assert root.tag == "math"
    assert (root.get("display") == "block") == display
    assert set(FORMULAS[tex]) <= {element.tag for element in root.iter()}
    assert "\\" not in "".join(root.itertext())


@pytest.mark.parametrize("tex", [r"\unknown", r"\frac{1}", r"\bar{x", r"a & b"])
def test_what_cannot_be_set_is_an_error_that_shows_it(tex: str) -> None:
    with pytest.raises(MathError, match=re.escape(repr(tex))):
        mathml(tex)


def site_markdown() -> markdown.Markdown:
    """Python-Markdown with the site's own extensions, in their order."""
    with open("mkdocs.yml", encoding="utf-8") as file:
        listed = yaml.load(file, _Loader)["markdown_extensions"]
    names = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in listed]
    configs = {
        name: entry[name]
        for name, entry in zip(names, listed, strict=True)
        if isinstance(entry, dict)
    }
    return markdown.Markdown(extensions=names, extension_configs=configs)


@pytest.fixture
def converter() -> markdown.Markdown:
    return site_markdown()


class _Loader(yaml.SafeLoader):
    """Reads over MkDocs' `!ENV`."""


_Loader.add_constructor("!ENV", lambda loader, node: loader.construct_sequence(node)[-1])


def test_inline_and_display(converter: markdown.Markdown) -> None:
    html = converter.convert("With $x<1$ and\n\n$$\na < b & c\n$$\n".replace(" & c", ""))
    formula = "<math><mi>x</mi><mo>&lt;</mo><mn>1</mn></math>"
    assert f'<p>With <span class="bn-math">{formula}</span> and</p>' in html
    assert '<div class="bn-math bn-math--display"><math display="block">' in html
    assert "arithmatex" not in html


def test_a_paragraph_of_one_formula_stays_a_paragraph(converter: markdown.Markdown) -> None:
    assert converter.convert("$y$").startswith('<p><span class="bn-math">')


@pytest.mark.parametrize(
    "page",
    [
        "## The mean $\\mu$",
        "| a |\n|---|\n| $x$ |",
        '<figcaption markdown="span">See $x$</figcaption>',
        '<div markdown="block">\n$$ x $$\n</div>',
        '!!! note "Here"\n\n    $$ x $$',
    ],
    ids=["heading", "table", "caption", "block of HTML", "admonition"],
)
def test_wherever_a_page_has_it(converter: markdown.Markdown, page: str) -> None:
    html = converter.convert(page)
    assert "<math" in html
    assert "$" not in html


def test_code_and_prices_are_left_alone(converter: markdown.Markdown) -> None:
    html = converter.convert("`$x$` costs 5 $ or \\$6.")
    assert "<math" not in html


def test_all_faults_of_a_page_at_once(converter: markdown.Markdown) -> None:
    with pytest.raises(MathError) as caught:
        converter.convert("$\\one$, $x$, $\\two$")
    assert [tex in str(caught.value) for tex in (r"\one", r"\two")] == [True, True]


def test_a_bracket_stays_with_the_formula_that_it_opens(converter: markdown.Markdown) -> None:
    html = converter.convert("One ($x$), *two* (“$y$”) and $z$.")
    assert html.startswith('<p>One <span class="bn-math">(<math>')
    assert '<em>two</em> <span class="bn-math">(“<math>' in html
    assert 'and <span class="bn-math"><math>' in html
