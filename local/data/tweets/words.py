"""What synthetic tweets are made of: words of several scripts, oddities, tags, names, profiles."""

from __future__ import annotations


def _words(text: str) -> list[str]:
    return text.split(" ")


PLAIN = _words(
    "a the to of and in is you i it for on my me this that so be love today good time day what we are just not now all"
    " can like one new out more night life when do go up see your with at have haha hahaha lol ok yes no wow rain sun"
    " coffee music game team win goal market train city river garden dinner bread summer winter spring autumn morning"
    " evening window table light shadow paper stone cloud aaa aaaa abab papa mama banana"
)
FOREIGN = _words(
    "été garçon coração não ação mañana niño corazón gün güneş İstanbul ışık çok şeker selamat pagi terima kasih"
    " bom dia obrigado merci beaucoup straße ΑΣ ΟΔΟΣ λόγος 今日 天気 東京 ラーメン ありがとう 世界 猫 の は です مرحبا"
    " صباح الخير شكرا القلب الحب 😀 😂 ❤️ 👨‍👩‍👧 🇫🇷 👍🏽 ½ ﬁne e\u0301tat x\u00a0y z\u200db"
)
ODD = (
    "\n",
    "\r\n",
    "\t",
    '"quoted"',
    "it's",
    "&amp;",
    "&lt;3",
    "back\\slash",
    "\\n",
    "http://t.co/a1B2c3",
    "@someone",
    "a,b;c",
    "\u2028",
    "\x00",
    "\x7f",
    "  ",
    "%",
    "_",
)
"""Characters that a careless store or file format loses."""
SURROGATES = ("\\ud83d", "\\ude00", "\\ude00\\ud83d", "\\udbff!")
"""Escapes of JSON that stand for half a character."""
TAG_WORDS = _words(
    "Sunday BREAKFAST Football Marathon jazz Vinyl Gardening Bread Sourdough Cycling Comet eclipse OpenSource Databases"
    " CloudCosts Astronomy été SÃOPAULO İstanbul ıssız ΑΣ ας σοφία STRASSE straße ẞ 東京 ラーメン 猫 القهوة مطر"
    " ǅ ﬀ e\u0301 100 x_y Δ Ω K"
)
DESCRIPTIONS: tuple[str | None, ...] = (
    None,
    "",
    "Runner, reader, two cats.",
    "trailing space ",
    "Line one\nline two",
    'She said "hi" & left &amp; came back',
    "tab\there",
    "carriage\r\nreturn",
    "coração 💛 東京",
    "مرحبا بالعالم",
    "back\\slash \\n",
    "  padded  ",
    "\u2028separator",
    "views are my own",
)
SYLLABLES = _words(
    "ba be bi bo bu da de di do du ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu ra re ri ro"
)
LANGUAGES = _words("en en en en ja ja es es pt pt ar fr in tr")
OTHER_LANGUAGES = ("de", "und", "ko", "EN", "", "zh-cn")
