"""Masking: one token a value, the same everywhere, no two alike, and back again."""

from __future__ import annotations

import re
import stat
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mulegraph.errors import UsageError
from mulegraph.ledger.ledger import Ledger
from mulegraph.privacy.tokens import TOKEN, Masker, Tags, workspace_key
from mulegraph.schema.tables import TABLES, Mask
from tests.thorough import times

KEY = b"k" * 32


class Values:
    """What `LedgerValues` is for a ledger, for values given as lists."""

    def __init__(self, folder, **values: list[str]) -> None:
        self.folder, self.values = folder, values

    def hash_of(self, mask: Mask) -> str:
        return " ".join(self.values.get(mask.name.lower(), []))

    def __call__(self, mask: Mask) -> pa.Array:
        return pa.array(self.values.get(mask.name.lower(), []), pa.string())


@pytest.fixture(scope="module")
def ledger(workspace) -> Ledger:
    return Ledger(workspace.folder / "ledger")


@pytest.fixture(scope="module")
def masker(ledger) -> Masker:
    return Masker.of(ledger)


def test_every_account_has_its_own_token_and_every_token_leads_back(ledger, masker):
    """No two of the sample's accounts share a token, and a command that is given one finds the account."""
    ids = ledger.account_ids.to_pylist()
    tokens = [masker.token(Mask.ACCOUNT, each) for each in ids]

    assert len(set(tokens)) == len(ids)
    assert [masker.real(token, Mask.ACCOUNT) for token in tokens] == ids
    assert all(len(token) == 13 and token[:4] == each[:4] for token, each in zip(tokens, ids, strict=True))


@settings(max_examples=20, deadline=None)
@given(key=st.binary(min_size=1, max_size=64), count=st.integers(1, 900))
def test_tags_that_would_meet_are_made_longer(tmp_path_factory, key, count):
    """With tags of one byte among hundreds of accounts most would meet; still no two tokens are the same."""
    ids = [f"a{number}" for number in range(count)]
    masker = Masker(key, Values(tmp_path_factory.mktemp("tags"), account=ids), tag_bytes=1)
    tokens = {masker.token(Mask.ACCOUNT, each): each for each in ids}

    assert len(tokens) == count
    assert all(TOKEN.fullmatch(token) for token in tokens)
    assert all(masker.real(token, Mask.ACCOUNT) == each for token, each in tokens.items())


def test_a_third_of_a_million_accounts_do_not_meet(tmp_path):
    """Tokens of a ledger of a large bank are all different, of 40 bits or where two met of 80."""
    ids = [f"NORD{number:09d}" for number in range(times(300_000))]
    masker = Masker(KEY, Values(tmp_path, account=ids))

    assert len({masker.token(Mask.ACCOUNT, each) for each in ids}) == len(ids)


def test_a_token_made_when_it_was_short_says_that_two_have_it(tmp_path):
    """A token from before the second account came is refused rather than guessed."""
    ids = [f"a{number}" for number in range(2_000)]
    old = Masker(KEY, Values(tmp_path / "old", account=ids[:1]), tag_bytes=1)
    new = Masker(KEY, Values(tmp_path / "new", account=ids), tag_bytes=1)

    with pytest.raises(UsageError, match="two values"):
        new.real(old.token(Mask.ACCOUNT, "a0"), Mask.ACCOUNT)


def test_what_somebody_typed_is_a_token_where_the_ledger_holds_it(ledger, masker):
    """A number, a name, a device: exactly as it stands there; anything else is shown as it was typed."""
    account = ledger.account_ids[0].as_py()
    holder = ledger.arrow("holders")["name"][0].as_py()

    assert masker.typed(account) == masker.token(Mask.ACCOUNT, account)
    assert masker.typed(holder) == masker.token(Mask.NAME, holder)
    assert [masker.typed(each) for each in (account + "0", "soon", "")] == [account + "0", "soon", ""]


def test_a_value_that_no_kind_is_known_of_gets_a_token_that_leads_nowhere(masker):
    """Two such values stay apart, and none can be asked for."""
    assert masker.opaque("Petrova") != masker.opaque("Petrov")
    with pytest.raises(UsageError, match="is no account"):
        masker.real(masker.opaque("Petrova"), Mask.ACCOUNT)


@pytest.mark.parametrize("text", ["NORD~aaaaaaaa", "A~a", "A~22", "H~abcdefgh", "NORD~abcdefghijklmnop"])
def test_a_token_of_elsewhere_is_refused(masker, text):
    """Tokens are good in the workspace that showed them."""
    with pytest.raises(UsageError, match=text):
        masker.real(text, Mask.ACCOUNT)


def test_the_key_is_made_once_for_its_owner_only(tmp_path):
    """Two processes that need it first at the same time end up with the same one."""
    program = "import sys; from pathlib import Path; from mulegraph.privacy.tokens import workspace_key;"
    program += "print(workspace_key(Path(sys.argv[1])).hex())"
    both = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    made = {each.communicate()[0].strip() for each in both}

    assert made == {workspace_key(tmp_path).hex()}
    assert stat.S_IMODE((tmp_path / "masking.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["masking.key"]


def test_workspaces_have_different_tokens(tmp_path):
    """What one workspace shows cannot be matched with what another shows."""
    one, other = (Masker(workspace_key(folder), Values(folder, account=["x"])) for folder in made(tmp_path))
    assert one.token(Mask.ACCOUNT, "x") != other.token(Mask.ACCOUNT, "x")


def made(folder):
    for name in ("one", "other"):
        (folder / name).mkdir()
        yield folder / name


def test_kept_tags_are_those_that_were_made(tmp_path):
    """The file beside the ledger saves the time of making them, and changes nothing."""
    tags = np.array([5, 3, 5], np.uint64)
    first = Tags.kept_in(tmp_path / "account-1.npy", lambda: tags)
    again = Tags.kept_in(tmp_path / "account-1.npy", lambda: pytest.fail("made twice"))

    assert first.places(b"\x05").tolist() == again.places(b"\x05").tolist() == [0, 2]
    assert again.are_shared([b"\x05", b"\x03"]) == [True, False]
    Tags.kept_in(tmp_path / "account-2.npy", lambda: tags)
    assert [path.name for path in tmp_path.iterdir()] == ["account-2.npy"]


def test_every_column_that_names_a_person_is_masked():
    """A new table cannot be added without saying so: columns with such names carry a mask."""
    telling = re.compile(r"(account|holder|device|card|national)_id$|^name$|birth|address|story|^reference$|_account$")
    for table in TABLES.values():
        for column in table.columns:
            assert not telling.search(column.name) or column.masked, f"{table.name}.{column.name}"


def test_tags_of_the_ledger_before_are_taken_over(tmp_path):
    """Accounts have come and gone, and stand in another order: every token is as it would be made anew."""
    ids = [f"NORD{number:06d}" for number in range(300)]
    before = Masker(KEY, Values(tmp_path / "before", account=ids[:200]), tag_bytes=1)
    before.prepare()
    now = sorted(ids[100:], reverse=True)
    after = Masker(KEY, Values(tmp_path / "after", account=now), tag_bytes=1, before=before)
    anew = Masker(KEY, Values(tmp_path / "anew", account=now), tag_bytes=1)

    assert [after.token(Mask.ACCOUNT, each) for each in now] == [anew.token(Mask.ACCOUNT, each) for each in now]
    assert [after.real(after.token(Mask.ACCOUNT, each), Mask.ACCOUNT) for each in now[:9]] == now[:9]
