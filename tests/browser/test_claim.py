"""The claim card in a real browser: wide and narrow, light and dark, offline."""

import pytest

from xraylab import claim

# each text's colour against what lies behind it, as WCAG has contrast
CONTRAST = """() => {
  const light = c => {
    const [r, g, b] = c.match(/[\\d.]+/g).map(Number).slice(0, 3).map(v => {
      v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = e => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (c !== 'rgba(0, 0, 0, 0)') return c; }
    return 'rgb(255, 255, 255)'; };
  const texts = [...document.querySelectorAll('.claim-card :not(svg, svg *)')].filter(
    e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()));
  return texts.map(e => {
    const pair = [getComputedStyle(e).color, behind(e)].map(light);
    return [(Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05), e.outerHTML]; });
}"""

# tables that a reader would have to push sideways, by their captions
CUT = """() => [...document.querySelectorAll('.scroll')].filter(
  e => e.scrollWidth > e.clientWidth).map(e => e.innerText.split('\\n')[0])"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    card = claim.make_claim("real-64px-official")
    page, _ = claim.write_claim(card, tmp_path_factory.mktemp("claim"))
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 400])
def test_the_card_is_legible_and_fits(browser, page_file, width, scheme):
    size = {"width": width, "height": 800}
    page = browser.new_page(viewport=size, color_scheme=scheme)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    assert asked == [page_file.as_uri()]  # nothing else is fetched
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = page.evaluate(CONTRAST)
    assert len(found) > 200
    assert not [text for contrast, text in found if contrast < 4.5]
    page.close()


@pytest.mark.parametrize("width", [1280, 900])
def test_no_column_of_a_table_is_out_of_sight(browser, page_file, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(page_file.as_uri())
    assert page.locator(".scroll").count() > 5
    assert page.evaluate(CUT) == []
    page.close()


def test_a_printed_card_is_dark_on_white_and_no_table_is_cut(browser, page_file):
    page = browser.new_page(
        viewport={"width": 690, "height": 1000}, color_scheme="dark"
    )
    page.emulate_media(media="print")
    page.goto(page_file.as_uri())
    assert not [text for contrast, text in page.evaluate(CONTRAST) if contrast < 4.5]
    back = "getComputedStyle(document.querySelector('.claim-card')).backgroundColor"
    assert page.evaluate(back) == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth") <= 690
    page.close()
