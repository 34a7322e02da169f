"""The words of support requests, in each language: a letter is set from one of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mulegraph.casework.claims import Why
from mulegraph.schema.choices import RequestKind


@dataclass(frozen=True)
class LetterWords:
    """Sentences of a letter; `{…}` are filled in. `titles` and `asks` are by kind, `why` by the reason of a line."""

    titles: Mapping[str, str]
    draft: str
    sender: str
    to: str
    made: str
    due: str
    contact: str
    ground: str
    what_happened: str
    reported: str
    not_reported: str
    exchanged: str
    other_amount: str
    payments: Mapping[str, str]
    rules: str
    columns: tuple[str, ...]
    cash: str
    why: Mapping[str, str]
    total: str
    former: str
    still_there: str
    no_balances: str
    held_columns: tuple[str, str, str]
    not_seen: str
    we_ask: str
    asks: Mapping[str, tuple[str, ...]]
    same_again: str
    closing: str
    no_knowledge: str


ENGLISH = LetterWords(
    titles={
        RequestKind.RECALL: "Recall of payments {number}",
        RequestKind.PART: "Recall of payments in part {number}",
        RequestKind.HOLD: "Request to hold and to inform {number}",
    },
    draft="Draft: account numbers are masked. The request to send is made with --reveal REASON.",
    sender="from",
    to="to",
    made="made",
    due="please answer by",
    contact="contact",
    ground="legal ground",
    what_happened="What happened",
    reported="Payments were reported to us as fraud ({reported}). {stolen} {currency} were stolen.",
    not_reported="Payments of {stolen} {currency} are suspected of fraud. Nobody has reported them yet.",
    exchanged="Payments of {taken} were stolen or are suspected of it ({reported}). {stolen} {currency} came of that by"
    " exchange.",
    other_amount="{payment} was exchanged on its way: the payee may have received {amount}.",
    payments={
        RequestKind.RECALL: "Our customers, the victims, made these payments to accounts that you keep.",
        RequestKind.PART: "These payments from accounts with us to accounts that you keep carried stolen money on.",
        RequestKind.HOLD: "These payments brought stolen money to accounts that you keep.",
    },
    rules="All amounts are in {currency}. Two figures say how far the rules for mixed money (first in first out, pro"
    " rata, lowest balance) differ.",
    columns=("payment", "at (UTC)", "from", "to", "amount", "traced at least", "at most", "asked back", "why"),
    cash="cash",
    why={
        Why.VICTIM: "the victim's own payment",
        Why.ONWARD: "carried on stolen money, this much under every rule",
        Why.STOPPED: "brought stolen money; not asked back",
    },
    total="Asked back in this request: {asked} {currency}, of {stolen} {currency} stolen.",
    former=(
        "The number {number} was given to another holder on {day}. Whoever held it when these payments were made is "
        "meant: others who held it before or hold it since took no part in them, and nothing of theirs is to be held."
    ),
    still_there="What is probably still there",
    no_balances="We do not know balances. These are amounts that we saw coming in and did not see going out.",
    held_columns=("account", "at least", "at most"),
    not_seen="not seen",
    we_ask="What we ask",
    asks={
        RequestKind.RECALL: (
            "Return these payments, or what is left of them, in answer to the recall that comes with this letter"
            " ({message}, reason FRAD).",
            "If you refuse, say why, and where the money went on to.",
        ),
        RequestKind.PART: (
            "Return of each payment no more than the sum asked back: the rest is not traced to the fraud.",
            "If you refuse, say why, and where the money went on to.",
        ),
        RequestKind.HOLD: (
            "Hold on these accounts no more than the sums named above, as far as your law allows. The rest is not"
            " traced to the fraud.",
            "Tell us where the money went on to: bank, account, time and amount, or the place where cash was taken.",
        ),
    },
    same_again="The messages that come with this letter ({message}) ask the same: all sums count once.",
    closing="Please answer by {due} and quote {number}.",
    no_knowledge="Receipt of funds does not imply the account holder's knowledge.",
)
VIETNAMESE = LetterWords(
    titles={
        RequestKind.RECALL: "Yêu cầu hoàn trả giao dịch {number}",
        RequestKind.PART: "Yêu cầu hoàn trả một phần giao dịch {number}",
        RequestKind.HOLD: "Yêu cầu tạm giữ và cung cấp thông tin {number}",
    },
    draft="Bản nháp: số tài khoản đã được che. Bản để gửi được lập với --reveal LÝ_DO.",
    sender="bên gửi",
    to="bên nhận",
    made="lập lúc",
    due="đề nghị trả lời trước ngày",
    contact="liên hệ",
    ground="căn cứ pháp lý",
    what_happened="Sự việc",
    reported="Các giao dịch sau đã được báo là lừa đảo ({reported}). Số tiền bị chiếm đoạt: {stolen} {currency}.",
    not_reported="Các giao dịch trị giá {stolen} {currency} bị nghi là lừa đảo. Chưa có ai trình báo.",
    exchanged="Các giao dịch trị giá {taken} bị chiếm đoạt hoặc bị nghi như vậy ({reported}). Từ đó thành {stolen}"
    " {currency} sau khi đổi tiền.",
    other_amount="{payment} đã được đổi tiền trên đường đi: người nhận có thể đã nhận {amount}.",
    payments={
        RequestKind.RECALL: "Khách hàng của chúng tôi, là nạn nhân, đã chuyển tiền đến các tài khoản tại ngân hàng"
        " Quý vị.",
        RequestKind.PART: "Các giao dịch này từ tài khoản tại chúng tôi đã chuyển tiếp tiền bị chiếm đoạt đến tài"
        " khoản tại ngân hàng Quý vị.",
        RequestKind.HOLD: "Các giao dịch này đã đưa tiền bị chiếm đoạt đến tài khoản tại ngân hàng Quý vị.",
    },
    rules="Mọi số tiền tính bằng {currency}. Hai con số cho biết các quy tắc đối với tiền trộn lẫn (nhập trước xuất"
    " trước, theo tỷ lệ, số dư thấp nhất) chênh lệch bao nhiêu.",
    columns=(
        "giao dịch",
        "lúc (UTC)",
        "từ",
        "đến",
        "số tiền",
        "truy vết ít nhất",
        "nhiều nhất",
        "đề nghị hoàn trả",
        "lý do",
    ),
    cash="tiền mặt",
    why={
        Why.VICTIM: "giao dịch của chính nạn nhân",
        Why.ONWARD: "chuyển tiếp tiền bị chiếm đoạt, chừng này theo mọi quy tắc",
        Why.STOPPED: "đưa tiền bị chiếm đoạt đến; không đề nghị hoàn trả",
    },
    total="Đề nghị hoàn trả trong yêu cầu này: {asked} {currency}, trên {stolen} {currency} bị chiếm đoạt.",
    former=(
        "Số tài khoản {number} đã được cấp cho chủ khác vào ngày {day}. Yêu cầu này chỉ nói về người giữ số "
        "này khi các khoản chuyển tiền được thực hiện: những chủ trước đó hoặc từ ngày đó không liên quan, xin "
        "không phong tỏa tiền của họ."
    ),
    still_there="Số tiền có lẽ vẫn còn",
    no_balances="Chúng tôi không biết số dư. Đây là số tiền chúng tôi thấy vào mà không thấy ra.",
    held_columns=("tài khoản", "ít nhất", "nhiều nhất"),
    not_seen="không thấy được",
    we_ask="Đề nghị",
    asks={
        RequestKind.RECALL: (
            "Hoàn trả các giao dịch này, hoặc phần còn lại, theo yêu cầu thu hồi kèm theo ({message}, lý do FRAD).",
            "Nếu từ chối, xin nêu lý do và cho biết tiền đã đi đâu.",
        ),
        RequestKind.PART: (
            "Với mỗi giao dịch, chỉ hoàn trả tối đa số tiền đề nghị: phần còn lại không truy được đến vụ lừa đảo.",
            "Nếu từ chối, xin nêu lý do và cho biết tiền đã đi đâu.",
        ),
        RequestKind.HOLD: (
            "Trong phạm vi pháp luật cho phép, tạm giữ trên các tài khoản này không quá số tiền nêu trên. Phần còn"
            " lại không truy được đến vụ lừa đảo.",
            "Cho biết tiền đã đi đâu: ngân hàng, tài khoản, thời điểm và số tiền, hoặc nơi rút tiền mặt.",
        ),
    },
    same_again="Các điện kèm theo thư này ({message}) nêu cùng yêu cầu: mọi số tiền chỉ tính một lần.",
    closing="Đề nghị trả lời trước ngày {due} và ghi rõ {number}.",
    no_knowledge="Việc nhận tiền không có nghĩa là chủ tài khoản biết sự việc.",
)
DUTCH = LetterWords(
    titles={
        RequestKind.RECALL: "Terugroeping van betalingen {number}",
        RequestKind.PART: "Gedeeltelijke terugroeping van betalingen {number}",
        RequestKind.HOLD: "Verzoek om vast te houden en om informatie {number}",
    },
    draft="Concept: rekeningnummers zijn gemaskeerd. Het verzoek om te versturen wordt gemaakt met --reveal REDEN.",
    sender="van",
    to="aan",
    made="gemaakt",
    due="graag antwoord voor",
    contact="contact",
    ground="rechtsgrond",
    what_happened="Wat er gebeurde",
    reported="Betalingen zijn bij ons als fraude gemeld ({reported}). {stolen} {currency} is gestolen.",
    not_reported="Van betalingen van {stolen} {currency} wordt fraude vermoed. Niemand heeft ze nog gemeld.",
    exchanged="Betalingen van {taken} zijn gestolen, of worden daarvan verdacht ({reported}). Daarvan kwam {stolen}"
    " {currency} door wisselen.",
    other_amount="{payment} werd onderweg gewisseld: de begunstigde kan {amount} ontvangen hebben.",
    payments={
        RequestKind.RECALL: "Onze klanten, de slachtoffers, deden deze betalingen naar rekeningen bij u.",
        RequestKind.PART: "Deze betalingen van rekeningen bij ons naar rekeningen bij u voerden gestolen geld door.",
        RequestKind.HOLD: "Deze betalingen brachten gestolen geld naar rekeningen bij u.",
    },
    rules="Alle bedragen zijn in {currency}. Twee cijfers zeggen hoe ver de regels voor vermengd geld (eerst in eerst"
    " uit, naar rato, laagste saldo) uiteenlopen.",
    columns=(
        "betaling",
        "om (UTC)",
        "van",
        "naar",
        "bedrag",
        "minstens herleid",
        "hoogstens",
        "teruggevraagd",
        "waarom",
    ),
    cash="contant",
    why={
        Why.VICTIM: "de betaling van het slachtoffer zelf",
        Why.ONWARD: "voerde gestolen geld door, zoveel onder elke regel",
        Why.STOPPED: "bracht gestolen geld; niet teruggevraagd",
    },
    total="In dit verzoek teruggevraagd: {asked} {currency}, van {stolen} {currency} gestolen.",
    former=(
        "Het nummer {number} is op {day} aan een andere houder gegeven. Bedoeld is wie het nummer had toen deze "
        "betalingen werden gedaan: wie het daarvoor had of sindsdien heeft, had er niets mee te maken, en van hem "
        "of haar mag niets worden vastgehouden."
    ),
    still_there="Wat er waarschijnlijk nog is",
    no_balances="Saldi kennen wij niet. Dit zijn bedragen die wij zagen binnenkomen en niet zagen weggaan.",
    held_columns=("rekening", "minstens", "hoogstens"),
    not_seen="niet gezien",
    we_ask="Wat wij vragen",
    asks={
        RequestKind.RECALL: (
            "Geef deze betalingen terug, of wat ervan over is, in antwoord op de bijgaande terugroeping ({message},"
            " reden FRAD).",
            "Als u weigert, zeg waarom, en waarheen het geld verder ging.",
        ),
        RequestKind.PART: (
            "Geef van elke betaling niet meer terug dan is teruggevraagd: de rest is niet tot de fraude herleid.",
            "Als u weigert, zeg waarom, en waarheen het geld verder ging.",
        ),
        RequestKind.HOLD: (
            "Houd op deze rekeningen niet meer vast dan de bedragen hierboven, voor zover de wet het toelaat. De rest"
            " is niet tot de fraude herleid.",
            "Laat weten waarheen het geld verder ging: bank, rekening, tijd en bedrag, of waar contant is opgenomen.",
        ),
    },
    same_again="De berichten bij deze brief ({message}) vragen hetzelfde: alle bedragen tellen één keer.",
    closing="Graag antwoord voor {due}, onder vermelding van {number}.",
    no_knowledge="Ontvangst van geld zegt niet dat de rekeninghouder ervan wist.",
)
WORDS: Mapping[str, LetterWords] = {"en": ENGLISH, "vi": VIETNAMESE, "nl": DUTCH}
