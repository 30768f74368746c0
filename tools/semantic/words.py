"""Which words are ordinary English, and how rare each is: counted over prompts that people wrote."""

import csv
import gzip
import json
import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

MOST_BITS = 12
_WORD = re.compile(r"(?<![\w'’])[A-Za-z]{2,}(?![\w'’])")
_INSIDE = re.compile(r"(?<=[a-z,;] )[A-Za-z]{2,}(?![\w'’])")
"""Not at the beginning of a sentence, where every word has a capital."""
_LEAST = 2
"""A word that occurs once may be a slip, or a name; not if it ends like a word."""
_ENDED = re.compile(
    r"[a-z]{3,}(?:ly|al|ory|ion|ions|ate|ates|ated|ed|ing|able|ive|ous|ment|ness|ers?|ies|ity)$"
)
_LOWER_SHARE = 0.6
"""Names are mostly written with a capital, and so is every word at times."""
_SPOKEN_ALL_LOWER = "CLINC"
"""Where names are in lower case too."""


def prompts(data: Path) -> Iterator[str]:
    """Of the labelled tasks and the recorded outcomes; none of the pairs that the cache is measured on."""
    with (data / "tasks.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if not row["source"].startswith(_SPOKEN_ALL_LOWER):
                yield row["prompt"]
    for path in sorted((data / "routing").glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                yield row["prompt"]
                yield row.get("weak_response") or ""


def counted(data: Path) -> str:
    """A line for each rarity in bits: the number, then its words."""
    texts, lower, all_forms = Counter[str](), Counter[str](), Counter[str]()
    total = 0
    for prompt in prompts(data):
        total += 1
        found = _WORD.findall(prompt)
        inside = _INSIDE.findall(prompt)
        all_forms.update(word.lower() for word in inside)
        lower.update(word for word in found if word.islower())
        texts.update({word.lower() for word in found})
    lines: defaultdict[int, list[str]] = defaultdict(list)
    for word, times in lower.items():
        if (times >= _LEAST or _ENDED.match(word)) and times >= _LOWER_SHARE * all_forms[word]:
            lines[min(MOST_BITS, round(-math.log2(texts[word] / total)))].append(word)
    return "".join(f"{bits} {' '.join(sorted(words))}\n" for bits, words in sorted(lines.items()))
