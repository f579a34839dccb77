"""Five commits to a policy, written as mails that `git am` takes: what the recorded session begins with.

`python -m tests.review.five_commits` writes them again. Names, days and keys are always the same, and so
are the names of the commits and the signatures.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from duly.journal.keys import PrivateKey
from duly.review.history.sign_off import content_of, sign
from tests.replay import CHECKOUT
from tests.review.repository import Repository, new_repository

MAILS = CHECKOUT / "tests" / "sessions" / "history" / "north.mbox"

FILE = "policies/north.yaml"

BEGIN = """\
duly: 1
policy: north
title: Orchard Tools, region north
currency: USD
signed_off_by: [credit, sales]

late: {grace_days: 3}

segments:
  strategic: {when: {annual_sales: {at_least: 1000000}}}
  standard: {}

tones: [courteous, friendly, firm, stern]

ladder:
  min_days_between: 7
  stages:
    courtesy: {after: {days: 4}, tone: courteous, send: {email: courtesy}}
    reminder: {after: {days: 15}, tone: friendly, send: {email: reminder}}
    second_reminder: {after: {days: 30}, tone: firm, send: {email: second_reminder}}
    demand: {after: {days: 45}, tone: stern, send: {letter: demand}}

tone_limits:
  strategic_early: {when: {segment: strategic, days_past_due: {below: 60}}, at_most: firm, agreed_with: sales}
  fragile: {when: {relationship: fragile}, at_most: friendly, agreed_with: sales}

sales:
  broken_promise: {when: {broken_promises: {at_least: 1}}, ask: find_out_why, within: {business_days: 2}}

guarantees:
  strategic_never_stern_early: {never: {segment: strategic, days_past_due: {below: 60}, tone: stern}}
"""

SALES = """\
sales:
  broken_promise: {when: {broken_promises: {at_least: 1}}, ask: find_out_why, within: {business_days: 2}}

"""

LIMITS = """\
tone_limits:
  strategic_early: {when: {segment: strategic, days_past_due: {below: 60}}, at_most: firm, agreed_with: sales}
  fragile: {when: {relationship: fragile}, at_most: friendly, agreed_with: sales}

"""

MOVED = """\
tone_limits:    # where sales draws the line
  fragile:
    when: {relationship: fragile}
    at_most: friendly
    agreed_with: sales
  strategic_early:
    when: {days_past_due: {below: 60}, segment: strategic}
    at_most: firm
    agreed_with: sales

"""

EXCEPTION = """
exceptions:
  C000012: {until: 2026-06-30, agreed_with: sales, tone_at_most: friendly, because: Their warehouse burnt down.}
"""

CREDIT, SALES_DESK = "Credit Desk", "Sales Desk"
KEYS = {
    "ochre": ("credit_manager", PrivateKey(Ed25519PrivateKey.from_private_bytes(b"ochre".ljust(32)))),
    "umber": ("sales_manager", PrivateKey(Ed25519PrivateKey.from_private_bytes(b"umber".ljust(32)))),
}
REGISTER = "approvers:\n" + "".join(
    f'  {name}: {{roles: [{role}], key: "{key.public.text}"}}\n' for name, (role, key) in KEYS.items()
)


def write(path: Path) -> None:
    """Make the commits in a repository of their own, and write them as mails."""
    with TemporaryDirectory() as folder:
        north = new_repository(Path(folder))
        north.write(REGISTER, "policies/approvers.yaml")
        text = BEGIN
        commit(north, text, "The policy of the north", "Agreed in the meeting of the first of March.", signed_by=())
        text = text.replace(SALES, "").replace(LIMITS, f"{SALES}{MOVED}")
        commit(north, text, "Put the tone limits below what sales is asked", "Nothing changes for anybody.")
        text = text.replace("{days: 15}", "{days: 12}")
        commit(north, text, "Remind three days earlier", "Reminders after two weeks found half of the invoices paid.")
        text = text.replace("tone: stern, send: {letter", "tone: firm, send: {letter")
        commit(north, text, "Demand firmly", "Stern letters were answered by lawyers.", CREDIT, signed_by=("ochre",))
        text = text.replace("{below: 60}, tone: stern}", "{below: 45}, tone: stern}")
        said = "A spring of late payers.\n\nApproved-by: umber (sales_manager)"
        commit(north, text, "Promise less to strategic customers", said, CREDIT, signed_by=())
        text += EXCEPTION
        commit(north, text, "Spare C000012 until the end of June", "Agreed on the phone.", SALES_DESK)
        mails = north.git("format-patch", "--stdout", "--root", "--no-signature", "--zero-commit", "HEAD")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(mails, encoding="utf-8", newline="\n")


def commit(
    north: Repository,
    text: str,
    subject: str,
    body: str,
    author: str = CREDIT,
    *,
    signed_by: tuple[str, ...] = ("ochre", "umber"),
) -> None:
    """Commit the text, signed for by these people."""
    north.write(text, FILE)
    content = content_of("north", [text.encode()], REGISTER.encode())
    lines = "\n".join(sign(content, person, *KEYS[person]) for person in signed_by)
    north.commit(f"{subject}\n\n{body}\n\n{lines}".strip(), author=author)


if __name__ == "__main__":
    write(MAILS)
