"""Texts and how many tokens they are, as tiktoken 0.14 counts.

o200k_base is the tokenizer of GPT-4o and later, cl100k_base the one before it.
"""

from typing import NamedTuple


class Counted(NamedTuple):
    name: str
    text: str
    o200k: int
    cl100k: int


ENGLISH = """\
The proxy forwards every request untouched and reads a copy of the answer as it passes. When the pro\
vider reports how many tokens were used, those counts are taken; when it does not, they are estimate\
d from the length of the text, and the record says that they are an estimate. Nothing that is read m\
ay delay a call: if the copy cannot be followed, the tokens stay unknown and the bytes go on."""
PYTHON = '''def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Give how long the provider asks to wait, or None."""
    value = headers.get("retry-after", "").strip()
    if value.isdigit():
        return timedelta(seconds=int(value))
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(when - now, timedelta(0))
'''
JSON_COMPACT = """\
{"id":"call_8f2","type":"function","function":{"name":"search_flights","arguments":{"from":"VIE","to\
":"SFO","date":"2026-02-06","passengers":[{"age":34,"class":"economy"},{"age":7,"class":"economy"}],\
"max_price_usd":1250.5,"direct":false}}}"""
GERMAN = """\
Wenn ein Agent ein großes Sprachmodell aufruft, leitet der Proxy jede Anfrage und jede Antwort unver\
ändert weiter und hält fest, wie viele Token verbraucht wurden, was sie gekostet haben und wie lange\
 es bis zum ersten Token gedauert hat."""
CHINESE = """\
智能体调用大型语言模型时，代理会把每一个请求和回答原样转发，并记录所用的标记数量、费用以及首个标记出\
现的时间。如果上游没有报告用量，就按照文字的长度进行估算，并在记录中注明这是估计值。今天天气很好，我\
们一起去公园散步，孩子们在草地上奔跑。"""
JAPANESE = """\
エージェントが大規模言語モデルを呼び出すとき、プロキシはすべてのリクエストと応答をそのまま転送し、使\
用したトークン数、費用、最初のトークンまでの時間を記録します。今日は天気がいいので、公園を散歩しまし\
ょう。"""
KOREAN = """\
에이전트가 대형 언어 모델을 호출할 때 프록시는 모든 요청과 응답을 그대로 전달하고 사용된 토큰 수, 비\
용, 첫 토큰까지의 시간을 기록합니다. 오늘은 날씨가 좋아서 공원에서 산책했습니다."""
RUSSIAN = """\
Когда агент обращается к большой языковой модели, прокси пересылает каждый запрос и ответ без измене\
ний и записывает количество использованных токенов, стоимость и время до первого токена."""

TEXTS = [
    Counted("English", ENGLISH, 83, 83),
    Counted("Python", PYTHON, 91, 89),
    Counted("JSON", JSON_COMPACT, 80, 78),
    Counted("German", GERMAN, 54, 61),
    Counted("Chinese", CHINESE, 84, 119),
    Counted("Japanese", JAPANESE, 80, 110),
    Counted("Korean", KOREAN, 57, 99),
    Counted("Russian", RUSSIAN, 39, 64),
]
