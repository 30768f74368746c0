"""What models say in the tests of cut streams: texts of many kinds, in the tokens of a public encoding."""

from rs_bpe.bpe import openai

_PROSE = """The harbour master kept two books: one of ships and what they paid, one of what he believed. When
the war began, the first book was burnt by order of the council, and nobody thought of the second. So it came
that for thirty years the town was governed by what one man had believed about ships. He had believed, for
instance, that a captain who whistles pays late, and that fish sold before noon is cheaper than it looks.

Nobody could say afterwards whether the town had been governed badly. The quay was mended, the lamps were lit,
and the widows got their pensions in most months. A clerk who compared the years before with those after found
that the difference was smaller than the error of his scales.
"""
_MARKDOWN = """## What was found

1. Read `ships.csv` with `open(path, "rb")`, 1,204 rows; cut each at 4096 bytes.
2. **Never** trust the second column: 17 of 1,204 rows have `-1` there.
3. Compare with the list of 1911 (see *Appendix B*).

| ship | paid | late |
|---|---|---|
| Anna | 12.50 | no |
| Two Brothers | 7.25 | yes |
| Perseverance | 31.00 | no |

> The sums agree to the penny, which makes them suspicious.

So the answer is **no**: the books cannot both be true, and the older one was written with the newer ink.
"""
_CODE = '''```python
class Ledger:
    """Keeps what each ship paid."""

    def __init__(self, path: Path, most: int = 4096) -> None:
        self._path = path
        self._most = most
        self._rows: dict[str, list[int]] = {}

    def read(self) -> int:
        for line in self._path.read_text().splitlines():
            name, _, paid = line.partition(",")
            if not paid or len(line) > self._most:
                continue
            self._rows.setdefault(name.strip(), []).append(int(paid))
        return sum(len(paid) for paid in self._rows.values())

    def owed(self, name: str) -> int:
        return 0 if name not in self._rows else max(self._rows[name]) - min(self._rows[name])
```
'''
_GERMAN = """Der Hafenmeister führte zwei Bücher: eines über die Schiffe und was sie zahlten, und eines
darüber, was er glaubte. Als der Krieg begann, wurde das erste Buch auf Anordnung des Rates
verbrannt, und an das zweite dachte niemand. So kam es, dass die Stadt dreißig Jahre lang nach
dem regiert wurde, was ein einzelner Mann über Schiffe geglaubt hatte. Ob sie dabei schlecht
gefahren ist, konnte hinterher niemand sagen: Die Kaimauer wurde ausgebessert, die Laternen
brannten, und die Witwen bekamen in den meisten Monaten ihre Rente ausgezahlt.
"""
_JAPANESE = """港の役人は二冊の帳簿をつけていた。一冊には船とその支払いが、
もう一冊には彼が信じていることが書かれていた。
戦争が始まると、最初の帳簿は議会の命令で焼かれたが、二冊目のことは誰も思い出さなかった。
こうして町は三十年のあいだ、一人の男が船について信じていたことに従って治められた。
それが悪い政治だったかどうか、後になって誰にも言えなかった。岸壁は直され、明かりは灯り、
未亡人たちはたいていの月に年金を受け取ることができた。
"""
_RECORDS = """[
  {"id": 40213, "ship": "Anna", "paid": 12.5, "late": false, "cargo": ["salt", "rope"]},
  {"id": 40214, "ship": "Two Brothers", "paid": 7.25, "late": true, "cargo": []},
  {"id": 40215, "ship": "Perseverance", "paid": 31.0, "late": false, "cargo": ["coal", "iron", "tea"]},
  {"id": 40216, "ship": "Morning Star", "paid": 0.0, "late": true, "cargo": ["fish"]},
  {"id": 40217, "ship": "Providence", "paid": 18.75, "late": false, "cargo": ["timber", "tar"]}
]
"""

_ENCODING = openai.o200k_base()


def tokens_of(text: str) -> int:
    """Its tokens in the newest public encoding."""
    return len(_ENCODING.encode(text))


def _pieces(text: str) -> list[str]:
    """Its tokens; bytes of half a character go with those that end it."""
    pieces: list[str] = []
    held: list[int] = []
    for token in _ENCODING.encode(text):
        held.append(token)
        said = _ENCODING.decode(held)
        pieces.append(said or "")
        if said:
            held = []
    return pieces


SAYINGS = {
    "prose": _pieces(_PROSE * 3),
    "markdown": _pieces(_MARKDOWN * 3),
    "code": _pieces(_CODE * 3),
    "German": _pieces(_GERMAN * 3),
    "Japanese": _pieces(_JAPANESE * 3),
    "JSON": _pieces(_RECORDS * 3),
}
"""One piece a token, by kind of text."""
