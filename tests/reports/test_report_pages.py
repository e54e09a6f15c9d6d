"""Markdown and HTML: read back by parsers of their own, hostile text stays text."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from markdown_it import MarkdownIt

from migrator.outcome import Plan
from migrator.reports import render
from migrator.sites import Site, Status

VOID = {"meta"}


class Page(HTMLParser):
    """Tags, attributes and text of a page; fails on a tag that closes nothing."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(plan: Plan) -> Page:
    return Page(render(plan, "html", colour=False, mode="plan"))


def markdown(plan: Plan) -> str:
    return render(plan, "markdown", colour=False, mode="plan")


def as_html(text: str) -> str:
    return str(MarkdownIt("commonmark").enable("table").render(text))


# ------------------------------------------------------------------------------------------------------------- html


def test_hostile_text_makes_no_tag_and_no_link(hostile: Plan) -> None:
    read = page(hostile)
    assert not read.tags & {"script", "img", "iframe"}
    assert {name for name, _ in read.attributes if name.startswith("on")} == set()
    assert [value for name, value in read.attributes if name in ("href", "src")] == []
    assert "<script>alert(1)</script>" in read.text
    assert "<img src=x onerror=alert(1)>" in read.text and "[go](javascript:alert(1))" in read.text
    assert "<b>pack</b>" in read.text


def test_the_page_fetches_nothing(plan: Plan) -> None:
    read = page(plan)
    assert not read.tags & {"script", "link", "img", "iframe"}
    assert not re.search(r"url\(|@import", read.text)
    assert [v for n, v in read.attributes if n == "content" and v and v.startswith("default-src 'none'")]
    assert {v for n, v in read.attributes if n == "href"} == {"https://docs.example.org/packs/agentcore.md#module"}


def test_every_site_change_and_problem_is_on_the_page(plan: Plan) -> None:
    text = page(plan).text
    for site in plan.sites:
        assert f"{site.path}:{site.line}:{site.column}" in text
    assert "+b = 4\n" in text and "-x = 1\n" in text
    assert "line 3: not valid Python" in text


# --------------------------------------------------------------------------------------------------------- markdown


def test_hostile_text_makes_no_markup(hostile: Plan) -> None:
    text = markdown(hostile)
    html = as_html(text)
    assert not re.search(r"<(?!/?(h[23]|p|strong|code|a|ul|li|table|thead|tbody|tr|t[hd]|pre|details|summary)\b)", html)
    assert not re.search(r"href=\"(?!a%)", html)
    assert "@team" not in text


def test_a_rule_is_a_row_and_links_to_its_page(plan: Plan) -> None:
    html = as_html(markdown(plan))
    assert html.count("<tr>") == 1 + len(plan.counts_by_rule)
    assert '<a href="https://docs.example.org/packs/agentcore.md#module"><code>agentcore.module</code></a>' in html
    assert '<li><a href="app/llm.py#L12"><code>app/llm.py:12</code></a> <code>agentcore.env</code>:' in html


def test_the_code_spans_of_a_message_stay(plan: Plan) -> None:
    assert "set <code>OPENAI_API_KEY</code> as well" in as_html(markdown(plan))


def test_a_long_list_is_cut_and_says_so(plan: Plan) -> None:
    path = "a/" * 50 + "a.py"
    sites = tuple(
        Site(path, n, 1, "x.y", status, "by hand " * 40, path, n, prose=prose)
        for status, prose in ((Status.MANUAL, False), (Status.REVIEW, False), (Status.REVIEW, True))
        for n in range(1, 1001)
    )
    changes = tuple(replace(change, path=f"{n}/{path}") for n in range(1000) for change in plan.changes)
    text = markdown(replace(plan, sites=sites, changes=changes))
    assert "### To do by hand (1000)" in text
    by_hand = text.partition("### To review")[0]
    more = re.search(r"^- and (\d+) more, which the JSON report names$", by_hand, re.MULTILINE)
    assert more and by_hand.count("\n- [") == 1000 - int(more[1])
    assert len(text) < 65_536
