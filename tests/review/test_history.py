"""The versions of a policy: who made each, who signed for it, and what it meant."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization

from duly.journal.keys import PrivateKey, make_key, write_key
from duly.review.diff.meant import Way
from duly.review.history.commits import Signature
from duly.review.history.history import Version, content_in_folder, history
from duly.review.history.sign_off import DEPARTMENTS, TRAILER, By, SignedOff, lines_in, satisfied, sign
from duly.review.history.ssh_signature import ssh_signature
from duly.source import Refused
from duly_cli.main import main
from tests.language.policies import SMALL
from tests.review.five_commits import MAILS, write
from tests.review.repository import ALONE, Repository, new_repository

POLICY = SMALL.replace("currency: USD\n", "currency: USD\nsigned_off_by: [credit, sales]\n")
EARLIER = POLICY.replace("{days: 10}", "{days: 9}")
FILE = Path("policies/standard.yaml")
OCHRE, UMBER, SIENNA, OLIVE = (make_key() for _ in range(4))
REGISTER = {
    "ochre": (OCHRE, "credit_manager", ""),
    "umber": (UMBER, "sales_manager", ""),
    "sienna": (SIENNA, "credit_manager, sales_manager", ""),
}


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)
    team = new_repository(tmp_path / "team")
    monkeypatch.chdir(team.path)
    return team


def register(**people: tuple[PrivateKey, str, str]) -> str:
    lines = (
        f'  {name}: {{roles: [{roles}], key: "{key.public.text}"{more}}}\n'
        for name, (key, roles, more) in people.items()
    )
    return f"approvers:\n{''.join(lines)}" if people else "approvers: {}\n"


def told(since: str = "", *, proves: bool = False, file: Path = FILE) -> tuple[Version, ...]:
    return history(file, since=since, proves=proves).versions


def subjects(versions: tuple[Version, ...]) -> list[str]:
    return [version.commit.subject if version.commit else "" for version in versions]


def signed(*people: tuple[str, str, PrivateKey], file: Path = FILE) -> str:
    """The lines by which people sign for what lies in the folder."""
    content = content_in_folder(file)
    return "\n".join(sign(content, person, role, key) for person, role, key in people)


# What is a version.


def test_versions_stand_newest_first_with_what_each_changed_and_meant(team: Repository) -> None:
    team.write(POLICY)
    team.commit("Begin")
    team.write(f"# In other words.\n{POLICY}")
    team.commit("Explain", author="Sales Desk")
    team.write("Nothing of the policy.\n", "README.md")
    team.commit("Write a page")
    team.write(EARLIER)
    team.commit("Remind a day earlier")
    newest, explained, first = told(proves=True)
    assert subjects((newest, explained, first)) == ["Remind a day earlier", "Explain", "Begin"]
    assert [(c.what, c.old, c.new) for c in newest.changes] == [
        ("stage reminder", "from 10 days past due", "from 9 days past due")
    ]
    assert newest.meant is not None
    assert Way.STRICTER in newest.meant.witnesses
    assert explained.changes == ()
    assert explained.commit is not None
    assert (explained.commit.author.name, explained.commit.author.mail) == ("Sales Desk", "sales@example.com")
    assert explained.commit.author.moment.date() == date(2026, 3, 2)
    assert (first.is_first, first.meant, newest.is_first) == (True, None, False)


def test_a_guarantee_that_promises_less_is_told_first(team: Repository) -> None:
    team.write(POLICY + "guarantees:\n  late: {never: {tone: firm, days_past_due: {below: 30}}}\n")
    team.commit("Begin")
    team.write(POLICY + "guarantees:\n  late: {never: {tone: firm, days_past_due: {below: 20}}}\n")
    team.commit("Promise less")
    newest, _ = told(proves=True)
    assert [(one.id, one.became.value, one.is_broken) for one in newest.weakened] == [("late", "weaker", False)]
    ran = CliRunner().invoke(main, ["history", str(FILE)])
    assert "  promises less: guarantee late is weaker\n  ~ guarantee late, condition" in ran.output


def test_a_change_of_what_a_policy_extends_is_a_version_of_both(team: Repository) -> None:
    ours = Path("policies/ours.yaml")
    team.write(POLICY)
    team.commit("Begin")
    team.write("duly: 1\npolicy: ours\nextends: standard.yaml\nlate: {grace_days: 5}\n", str(ours))
    team.commit("One of our own")
    team.write(EARLIER)
    team.commit("Remind a day earlier")
    assert subjects(told()) == ["Remind a day earlier", "Begin"]
    assert subjects(told(file=ours)) == ["Remind a day earlier", "One of our own"]
    assert [change.what for change in told(file=ours)[0].changes] == ["stage reminder"]


def test_another_name_is_followed_and_is_no_change(team: Repository) -> None:
    team.write(POLICY)
    team.commit("Begin")
    team.write(EARLIER)
    team.commit("Remind a day earlier")
    team.git("mv", "policies/standard.yaml", "policies/north.yaml")
    team.commit("Call it north")
    versions = told(file=Path("policies/north.yaml"))
    assert [(version.file, version.was) for version in versions] == [
        ("policies/north.yaml", "policies/standard.yaml"),
        ("policies/standard.yaml", ""),
        ("policies/standard.yaml", ""),
    ]
    assert [len(version.changes) for version in versions] == [0, 1, 0]


def test_a_version_that_cannot_be_loaded_is_listed_and_nothing_is_said_of_what_it_meant(team: Repository) -> None:
    team.write(POLICY)
    team.commit("Begin")
    team.write(POLICY.replace("tone: firm", "tone: frim"))
    team.commit("A slip")
    team.write(EARLIER)
    team.commit("Put right")
    after, broken, _ = told(proves=True)
    assert [(p.rule, p.span.file) for p in broken.problems] == [("unknown-tone", "policies/standard.yaml")]
    assert (broken.new, broken.meant, after.old, after.meant) == (None, None, None, None)
    text = shown()
    assert "cannot be loaded, so nothing is known of what it meant: `frim` is not a tone" in text
    assert "the version before cannot be loaded, so it is not compared" in text


def test_what_a_missing_file_is_called_does_not_hang_on_where_it_was_read(team: Repository) -> None:
    team.write("duly: 1\npolicy: ours\nextends: gone.yaml\n")
    team.commit("Begin")
    assert "`policies/gone.yaml` cannot be read" in told()[0].problems[0].message


def test_a_policy_that_is_taken_away_and_comes_back_has_both_ends(team: Repository) -> None:
    team.write(POLICY)
    team.commit("Begin")
    FILE.unlink()
    team.commit("Do without")
    assert [(v.is_gone, v.is_first) for v in told()] == [(True, False), (False, True)]
    team.write(POLICY)
    team.commit("Back again")
    assert [(v.is_gone, v.is_first) for v in told()] == [(False, True), (True, False), (False, True)]


def test_what_no_commit_has_comes_first(team: Repository) -> None:
    team.write(POLICY)
    assert [version.commit for version in told()] == [None]
    team.commit("Begin")
    assert [version.commit is None for version in told()] == [False]
    team.write(EARLIER)
    newest, _ = told()
    assert (newest.commit, [change.what for change in newest.changes]) == (None, ["stage reminder"])
    assert shown().splitlines()[2:4] == ["not committed yet", "  ~ stage reminder, after  (policies/standard.yaml:11)"]


def test_a_merge_of_two_changes_is_a_version_against_its_first_parent(team: Repository) -> None:
    team.write(POLICY)
    team.commit("Begin")
    team.git("checkout", "--quiet", "-b", "side")
    team.write(EARLIER)
    team.commit("Remind a day earlier")
    team.git("checkout", "--quiet", "main")
    later = POLICY.replace("{days_past_due: {at_least: 60}}", "{days_past_due: {at_least: 61}}")
    team.write(later)
    team.commit("Hold a day later")
    team.git("merge", "--quiet", "--no-edit", "side")
    merge = told()[0]
    assert merge.commit is not None
    assert len(merge.commit.parents) == 2
    assert [change.what for change in merge.changes] == ["stage reminder"]
    assert "(a merge, held against its first parent)" in shown()


def test_a_merge_that_adds_nothing_is_no_version(team: Repository) -> None:
    team.write(POLICY)
    team.commit("Begin")
    team.git("checkout", "--quiet", "-b", "side")
    team.write(EARLIER)
    team.commit("Remind a day earlier")
    team.git("checkout", "--quiet", "main")
    team.git("merge", "--quiet", "--no-ff", "--no-edit", "side")
    assert subjects(told()) == ["Remind a day earlier", "Begin"]


def test_a_shallow_clone_says_that_it_is_cut(team: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    team.write(POLICY)
    team.commit("Begin")
    team.write(EARLIER)
    team.commit("Remind a day earlier")
    team.git("clone", "--quiet", "--depth=1", f"file://{team.path}", str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    [only] = told()
    assert (only.is_cut, only.is_first, only.old) == (True, False, None)
    assert "what it changed is not in this clone, which is shallow" in shown()
    assert shown().endswith("this clone is shallow, and git fetch --unshallow brings the rest\n")


def test_a_shallow_clone_does_not_take_the_register_of_the_change_itself(
    signers: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version_with(signers, signed(("ochre", "credit_manager", OCHRE), ("umber", "sales_manager", UMBER)))
    signers.git("clone", "--quiet", "--depth=1", f"file://{signers.path}", str(tmp_path / "clone"))
    monkeypatch.chdir(tmp_path / "clone")
    [only] = told()
    assert not only.is_signed_off
    assert CliRunner().invoke(main, ["history", str(FILE), "--words-only", "--exit-code"]).exit_code == 1
    assert "signed off: not known, since who could sign before it is not in this clone" in shown()


@pytest.mark.parametrize(
    ("since", "left"),
    [
        ("2026-03-03", ["third"]),
        ("2026-03-02", ["third", "second"]),
        ("HEAD~1", ["third"]),
        ("v1", ["third", "second"]),
        ("HEAD", []),
    ],
)
def test_versions_since_a_day_or_a_revision(since: str, left: list[str], team: Repository) -> None:
    for days, message in ((10, "first"), (9, "second"), (8, "third")):
        team.write(POLICY.replace("{days: 10}", f"{{days: {days}}}"))
        team.commit(message)
        if message == "first":
            team.git("tag", "v1")
    assert subjects(told(since)) == left


@pytest.mark.parametrize("since", ["nowhere", "--all", "2026-13-01"])
def test_what_is_no_revision_is_refused(since: str, team: Repository) -> None:
    team.write(POLICY)
    team.commit("Begin")
    with pytest.raises(Refused) as refused:
        told(since)
    assert (refused.value.exit_code, refused.value.problems[0].rule) == (2, "no-such-version")


def test_what_git_does_not_know_is_refused(team: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    team.write("x\n", "policies/README")
    team.commit("Begin")
    with pytest.raises(Refused, match="git knows no"):
        told()
    (tmp_path / "policies").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(Refused, match="is in no git repository"):
        told()


# Who signed.


@pytest.fixture
def signers(team: Repository) -> Repository:
    """A team with a policy and a register, about to make a change that lies in the folder."""
    team.write(POLICY)
    team.write(register(**REGISTER), "policies/approvers.yaml")
    team.commit("Begin")
    team.write(EARLIER)
    return team


def version_with(team: Repository, lines: str) -> Version:
    team.commit(f"Remind a day earlier\n\n{lines}")
    return told()[0]


def test_a_version_is_signed_off_when_both_departments_signed_it(signers: Repository) -> None:
    version = version_with(signers, signed(("ochre", "credit_manager", OCHRE), ("umber", "sales_manager", UMBER)))
    assert [(one.department, one.person) for one in version.wanted] == [("credit", "ochre"), ("sales", "umber")]
    assert version.is_signed_off
    assert "signed off: credit by ochre; sales by umber" in shown()


NOT_ENOUGH = [
    pytest.param([("ochre", "credit_manager", OCHRE)], "", id="one of two"),
    pytest.param(
        [("ochre", "credit_manager", OCHRE), ("umber", "credit_manager", UMBER)],
        "umber is not credit_manager",
        id="another role than the person's",
    ),
    pytest.param(
        [("ochre", "credit_manager", OCHRE), ("umber", "sales_manager", OLIVE)],
        "the signature is not umber's over this version",
        id="another one's key",
    ),
    pytest.param(
        [("ochre", "credit_manager", OCHRE), ("olive", "sales_manager", OLIVE)],
        "olive is not in the register that was last signed off",
        id="somebody who is not in the register that was last signed off",
    ),
    pytest.param(
        [("sienna", "credit_manager", SIENNA), ("sienna", "sales_manager", SIENNA)],
        "",
        id="one person for both departments",
    ),
]


@pytest.mark.parametrize(("people", "why"), NOT_ENOUGH)
def test_a_version_is_not_signed_off_by(
    people: list[tuple[str, str, PrivateKey]], why: str, signers: Repository
) -> None:
    version = version_with(signers, signed(*people))
    assert not version.is_signed_off
    assert [one.fails for one in version.signed if one.fails] == ([why] if why else [])
    assert "NOT signed off: " in shown()


def test_two_who_may_both_sign_for_either_sign_for_both(signers: Repository) -> None:
    version = version_with(signers, signed(("sienna", "credit_manager", SIENNA), ("ochre", "credit_manager", OCHRE),
                                           ("sienna", "sales_manager", SIENNA)))  # fmt: skip
    assert [(one.department, one.person) for one in version.wanted] == [("credit", "ochre"), ("sales", "sienna")]


def test_a_signature_over_another_version_is_not_one_over_this(signers: Repository) -> None:
    lines = signed(("ochre", "credit_manager", OCHRE), ("umber", "sales_manager", UMBER))
    mark = next(lines_in(lines)).mark
    signers.write(EARLIER.replace("{days: 9}", "{days: 1}"))
    assert not version_with(signers, lines).is_signed_off
    signers.write(EARLIER.replace("{days: 9}", "{days: 2}"))
    forged = lines.replace(mark, content_in_folder(FILE).mark)
    version = version_with(signers, forged)
    assert [one.fails for one in version.signed] == [
        "the signature is not ochre's over this version",
        "the signature is not umber's over this version",
    ]


def test_nobody_appoints_himself(signers: Repository) -> None:
    people = REGISTER | {"olive": (OLIVE, "sales_manager", "")}
    signers.write(register(**people), "policies/approvers.yaml")
    version = version_with(signers, signed(("ochre", "credit_manager", OCHRE), ("olive", "sales_manager", OLIVE)))
    assert [one.fails for one in version.signed if one.fails] == [
        "olive is not in the register that was last signed off"
    ]
    assert "approver olive" in [change.what for change in version.changes]


def test_nobody_appoints_himself_in_two_commits(signers: Repository) -> None:
    signers.write(POLICY)
    signers.write(register(**(REGISTER | {"olive": (OLIVE, "sales_manager", "")})), "policies/approvers.yaml")
    signers.commit("Olive may sign")
    signers.write(EARLIER)
    version = version_with(signers, signed(("ochre", "credit_manager", OCHRE), ("olive", "sales_manager", OLIVE)))
    assert [one.fails for one in version.signed if one.fails] == [
        "olive is not in the register that was last signed off"
    ]
    signers.commit(f"Well then\n\n{signed(('umber', 'sales_manager', UMBER))}")
    assert told()[0].is_signed_off
    signers.write(POLICY)
    version = version_with(signers, signed(("ochre", "credit_manager", OCHRE), ("olive", "sales_manager", OLIVE)))
    assert version.is_signed_off


def test_who_has_to_sign_is_not_taken_out_in_two_commits(signers: Repository) -> None:
    without = "signed_off_by: [credit]"
    signers.write(POLICY.replace("signed_off_by: [credit, sales]", without))
    signers.commit("Sales need not sign")
    signers.write(EARLIER.replace("signed_off_by: [credit, sales]", without))
    version = version_with(signers, signed(("ochre", "credit_manager", OCHRE)))
    assert [(one.department, one.person) for one in version.wanted] == [("credit", "ochre"), ("sales", "")]


def test_taking_out_the_register_appoints_nobody(signers: Repository) -> None:
    (signers.path / "policies" / "approvers.yaml").unlink()
    signers.write(POLICY)
    signers.commit("No register")
    signers.write(register(olive=(OLIVE, "credit_manager, sales_manager", "")), "policies/approvers.yaml")
    signers.write(EARLIER)
    version = version_with(signers, signed(("olive", "credit_manager", OLIVE)))
    assert [one.fails for one in version.signed] == ["olive is not in the register that was last signed off"]


def test_a_change_of_who_may_sign_is_a_version_and_wants_signatures_of_its_own(signers: Repository) -> None:
    both = ("ochre", "credit_manager", OCHRE), ("umber", "sales_manager", UMBER)
    assert version_with(signers, signed(*both)).is_signed_off
    signers.write(register(**(REGISTER | {"olive": (OLIVE, "sales_manager", "")})), "policies/approvers.yaml")
    lines = signed(*both)
    signers.commit("Olive may sign")
    assert not told()[0].is_signed_off
    signers.commit(f"As agreed\n\n{lines}")
    assert told()[0].is_signed_off


def test_no_change_takes_out_those_who_would_have_to_sign_for_it(signers: Repository) -> None:
    signers.write(EARLIER.replace("signed_off_by: [credit, sales]", "signed_off_by: [credit]"))
    version = version_with(signers, signed(("ochre", "credit_manager", OCHRE)))
    assert [(one.department, one.person) for one in version.wanted] == [("credit", "ochre"), ("sales", "")]


@pytest.mark.parametrize(
    ("days", "counts"),
    [
        (", revoked: 2026-03-02", False),
        (", revoked: 2026-03-03", True),
        (", until: 2026-03-01", False),
        (", until: 2026-03-02", True),
        (", from: 2026-03-03", False),
        (", from: 2026-03-02", True),
    ],
)
def test_a_key_counts_on_the_days_on_which_it_is_good(days: str, counts: bool, team: Repository) -> None:  # noqa: FBT001
    people = REGISTER | {"umber": (UMBER, "sales_manager", days)}
    team.write(POLICY)
    team.write(register(**people), "policies/approvers.yaml")
    team.commit("Begin")
    team.write(EARLIER)
    version = version_with(team, signed(("ochre", "credit_manager", OCHRE), ("umber", "sales_manager", UMBER)))
    assert version.is_signed_off is counts


def test_a_sign_off_outlives_another_commit_and_another_name(signers: Repository) -> None:
    lines = signed(("ochre", "credit_manager", OCHRE), ("umber", "sales_manager", UMBER))
    signers.commit("Remind a day earlier")
    assert not told()[0].is_signed_off
    signers.commit(f"Merge pull request\n\n{lines}")
    signers.git("mv", "policies/standard.yaml", "policies/north.yaml")
    signers.commit("Call it north")
    assert [v.is_signed_off for v in told(file=Path("policies/north.yaml"))] == [True, True, False]


def test_a_register_that_came_with_the_version_is_said_to(team: Repository) -> None:
    team.write(POLICY)
    team.write(register(**REGISTER), "policies/approvers.yaml")
    version = version_with(team, signed(("ochre", "credit_manager", OCHRE), ("umber", "sales_manager", UMBER)))
    assert version.is_signed_off
    assert version.brings_register
    assert "came with this version: nobody could sign before it" in shown()


def test_what_a_commit_says_is_said_and_not_proved(signers: Repository) -> None:
    version = version_with(signers, "Approved-by: ochre (credit_manager)\nReviewed-by: umber (sales_manager)")
    assert not version.is_signed_off
    assert version.signed == ()
    assert "  said by the commit, not proved: Approved-by: ochre (credit_manager)\n" in shown()


def test_the_command_prints_the_line_that_counts(signers: Repository, tmp_path: Path) -> None:
    lines = []
    for name in ("ochre", "umber"):
        key, role, _ = REGISTER[name]
        write_key(tmp_path / name, key)
        ran = CliRunner().invoke(
            main, ["git", "sign-off", str(FILE), "--as", name, "--role", role, "--key", str(tmp_path / name)]
        )
        assert ran.exit_code == 0, ran.output
        assert ran.output.startswith(f"{TRAILER}: {name} ({role}) ")
        lines.append(ran.output)
    assert version_with(signers, "".join(lines)).is_signed_off


@pytest.mark.parametrize("wanted", [("credit", "sales"), ("sales", "credit"), ("credit",), ("legal",), ()])
def test_as_many_departments_as_can_be_have_somebody(wanted: tuple[str, ...]) -> None:
    everybody = [SignedOff(p, r, By.SIGN_OFF) for p in ("a", "b") for r in DEPARTMENTS.values()]
    found = satisfied(wanted, everybody)
    assert [one.department for one in found] == list(wanted)
    assert all(bool(one.person) is (one.department in DEPARTMENTS) for one in found)
    assert len({one.person for one in found}) == len(found)


# Signed commits.


@pytest.fixture
def ssh_key(tmp_path: Path) -> Path:
    """Ochre's own key, as SSH keeps keys."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is not here")
    form = serialization.PrivateFormat.OpenSSH
    pem = OCHRE._key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    path = tmp_path / "ochre"
    path.write_bytes(pem)
    path.chmod(0o600)
    return path


def sign_commit(team: Repository, key: Path, message: str) -> None:
    team.git("config", "gpg.format", "ssh")
    team.git("config", "user.signingkey", str(key))
    team.git("config", "commit.gpgsign", "true")
    team.commit(message)


def test_a_commit_signed_with_a_key_of_the_register_is_its_owners_sign_off(signers: Repository, ssh_key: Path) -> None:
    lines = signed(("umber", "sales_manager", UMBER))
    sign_commit(signers, ssh_key, f"Remind a day earlier\n\n{lines}")
    version = told()[0]
    assert SignedOff("ochre", "credit_manager", By.COMMIT) in version.signed
    assert version.is_signed_off


def test_git_says_whether_it_trusts_the_key(signers: Repository, ssh_key: Path, tmp_path: Path) -> None:
    sign_commit(signers, ssh_key, "Remind a day earlier")
    assert told()[0].signature in {Signature.UNCHECKED, Signature.UNTRUSTED}
    public = OCHRE._key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    (tmp_path / "signers").write_bytes(b"ochre@example.com " + public + b"\n")
    signers.git("config", "gpg.ssh.allowedSignersFile", str(tmp_path / "signers"))
    assert (told()[0].signature, told()[0].signer) == (Signature.GOOD, "ochre@example.com")
    assert "  commit signature: good (ochre@example.com)\n" in shown()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("Remind a day earlier", "Remind a year later", id="another message"),
        pytest.param("author Credit Desk", "author Sales Desk", id="another author"),
    ],
)
def test_a_signature_of_another_commit_is_nobodys(
    before: str, after: str, signers: Repository, ssh_key: Path, tmp_path: Path
) -> None:
    sign_commit(signers, ssh_key, "Remind a day earlier")
    raw = signers.git("cat-file", "commit", "HEAD")
    assert raw.count(before) == 1
    (tmp_path / "forged").write_text(raw.replace(before, after))
    forged = signers.git("hash-object", "-t", "commit", "-w", str(tmp_path / "forged")).strip()
    signers.git("update-ref", "HEAD", forged)
    assert told()[0].signed == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-----BEGIN PGP SIGNATURE-----\nAAAA\n-----END PGP SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\n?\n-----END SSH SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAf////8=\n-----END SSH SIGNATURE-----",
        "-----BEGIN SSH SIGNATURE-----\nU1NIU0lHAAAAAQAAAAAAAAADZ2l0AAAAAAAAAAAAAAAA\n-----END SSH SIGNATURE-----",
    ],
)
def test_what_is_no_signature_is_none(text: str) -> None:
    assert ssh_signature(text) is None


# What is shown, and what is run.


def shown(*more: str) -> str:
    ran = CliRunner().invoke(main, ["history", str(FILE), "--words-only", *more])
    assert ran.exit_code == 0, ran.output
    return ran.output


@pytest.mark.parametrize("people", [0, 1, 2])
def test_the_exit_code_says_whether_the_newest_version_is_signed_off(people: int, signers: Repository) -> None:
    both = [("ochre", "credit_manager", OCHRE), ("umber", "sales_manager", UMBER)]
    signers.commit(f"Remind a day earlier\n\n{signed(*both[:people])}")
    asked = ["history", str(FILE), "--words-only", "--exit-code"]
    assert CliRunner().invoke(main, asked).exit_code == (0 if people == len(both) else 1)
    signers.write(POLICY)
    assert CliRunner().invoke(main, asked).exit_code == 1
    assert CliRunner().invoke(main, asked[:-1]).exit_code == 0


def test_text_markdown_and_json_say_the_same(signers: Repository) -> None:
    version_with(signers, signed(("ochre", "credit_manager", OCHRE)))
    record = json.loads(shown("--format", "json"))
    newest = record["versions"][0]
    assert (record["policy"], record["cut"], len(record["versions"])) == ("policies/standard.yaml", False, 2)
    assert newest["signed_off"]["wanted"] == [
        {"department": "credit", "by": "ochre"},
        {"department": "sales", "by": None},
    ]
    assert newest["signed_off"]["satisfied"] is False
    assert [change["what"] for change in newest["changes"]] == ["stage reminder"]
    page = shown("--format", "markdown")
    assert (
        f"| `{newest['commit'][:10]}` | 2026-03-02 | Credit Desk | credit by ochre; nobody for sales | none |" in page
    )
    assert "NOT signed off: credit by ochre; nobody for sales" in shown()


def test_nothing_of_a_commit_reaches_the_terminal_or_the_page_unescaped(signers: Repository) -> None:
    signers.commit("\x1b[2J\x07\u202e<b>|`gone`", author="a\x1b[31m<script>")
    text, page = (shown("--format", form) for form in ("text", "markdown"))
    assert all(line.isprintable() for line in (text + page).splitlines())
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert all(line.replace("\\|", "").count("|") == 7 for line in rows)


def test_nothing_that_a_repository_is_set_up_with_is_run(signers: Repository, tmp_path: Path) -> None:
    signers.commit("Remind a day earlier")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat\n")
    trap.chmod(0o755)
    for name in ("core.pager", "pager.log", "diff.external", "core.fsmonitor", "diff.x.command", "diff.x.textconv"):
        signers.git("config", name, str(trap))
    for name in ("log", "cat-file", "rev-list", "rev-parse"):
        signers.git("config", f"alias.{name}", f"!{trap}")
    (signers.path / ".gitattributes").write_text("*.yaml diff=x\n")
    assert len(told()) == 2
    assert not (tmp_path / "sprung").exists()


def test_what_git_would_be_told_by_the_environment_it_is_not_told(
    signers: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signers.commit("Remind a day earlier")
    before = told()
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    assert told() == before


def test_the_five_commits_of_the_recorded_session_are_always_the_same(tmp_path: Path) -> None:
    write(tmp_path / "mails")
    assert (tmp_path / "mails").read_text() == MAILS.read_text()
