"""How long duly takes, in absolute terms and beside the same work written by hand.

Prints, for a large sample book on the machine it runs on: writing it, planning it with the second opinion on, from
Parquet and from CSV; explaining one customer; `duly --help` in bare interpreter starts; and the same facts and
decisions written by hand in DuckDB SQL, without any check of input, any reason and any second opinion. Then what is
known of a policy before it is used: its proofs and its check, for the standard policy and for one of two hundred rules.

It compares nothing with a limit: a slow machine is not a failure. `make bench` runs it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from duly.language.load import load_policy
from duly.language.policy import GuaranteeForm
from duly.review.prove.findings import Findings, of_one_decision
from duly.review.prove.over_time.endless import endless_waits
from duly.review.prove.proof import Verdict, prove_all
from duly.review.prove.subject import Subject
from tests.review.large import write_large_policy

CHECKOUT = Path(__file__).parents[1]
DULY = (sys.executable, "-c", "from duly_cli.main import run; run()")
POLICY = str(CHECKOUT / "policies" / "standard.yaml")
DAY = date(2026, 3, 31)

BY_HAND = Path(__file__).with_name("by_hand.sql").read_text(encoding="utf-8")


class Run(NamedTuple):
    """How long a command took on the clock and on the cores, and the most memory any of its processes held."""

    seconds: float
    on_cores: float
    mebibytes: float


def measure(arguments: Sequence[str]) -> Run:
    """Run a command to its end, its output thrown away."""
    started = time.perf_counter()
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(arguments)}: exit {process.returncode}")
    return Run(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def by_hand(book: Path) -> float:
    """Seconds that the facts and decisions written by hand take."""
    started = time.perf_counter()
    connection = duckdb.connect()
    for file in book.glob("*.parquet"):
        connection.execute(f"create view {file.stem} as from read_parquet('{file}')")
    connection.execute(BY_HAND, {"as_of": DAY})
    return time.perf_counter() - started


def a_customer(book: Path) -> str:
    """Some customer of a book, always the same."""
    row = (
        duckdb.connect().execute("select min(customer) from read_parquet(?)", [f"{book}/customers.parquet"]).fetchone()
    )
    assert row is not None
    return str(row[0])


def show(what: str, run: Run, unit: float, beside: str) -> None:
    """Print one line: seconds, those of all cores, memory, and how many times the unit beside it."""
    spent = f"{run.seconds:8.2f} s {run.on_cores:8.2f} s of cores {run.mebibytes:8.0f} MiB"
    print(f"{what:<28}{spent} {run.seconds / unit:8.1f} × {beside}", flush=True)


def prove(what: str, file: Path, asked: Mapping[bool, float]) -> None:
    """Print how long the proofs of a policy take, of one decision and over time, beside what was asked of them."""
    policy = load_policy(file)[0]
    for over_time, most in asked.items():
        started = time.perf_counter()
        those = [g for g in policy.guarantees if (g.form is GuaranteeForm.OVER_TIME) is over_time]
        subject = Subject.of(policy, those)
        proved = sum(proof.verdict is Verdict.PROVED for proof in prove_all(subject, those))
        found = Findings(endless=endless_waits(policy)) if over_time else of_one_decision(subject)
        seconds = time.perf_counter() - started
        kind = "over time" if over_time else "of one decision"
        said = f"{proved} of {len(those)} proved, {len(found.idle) + len(found.found) + len(found.endless)} findings"
        print(f"{f'{what}: proofs {kind}':<44}{seconds:8.2f} s  of {most:.1f} s asked  ({said})", flush=True)


def review(folder: Path) -> None:
    """Time what is known of a policy before it is used."""
    prove("standard policy", Path(POLICY), {False: 2, True: 20})
    prove("200 rules", write_large_policy(folder / "large.yaml"), {False: 10})
    seconds = min(measure((*DULY, "check", POLICY)).seconds for _ in range(3))
    print(f"{'standard policy: duly check':<44}{seconds:8.2f} s  of 1.5 s asked", flush=True)


def main() -> None:
    """Write the books that are not there yet, and time everything."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=CHECKOUT / "build" / "bench")
    options = parser.parse_args()

    books = {}
    for kind in ("parquet", "csv"):
        books[kind] = options.folder / f"{kind}-{options.customers}"
        if not books[kind].exists():
            books[kind].parent.mkdir(parents=True, exist_ok=True)
            demo = (
                "demo",
                str(books[kind]),
                "--customers",
                str(options.customers),
                "--format",
                kind,
                "--as-of",
                str(DAY),
            )
            print(f"wrote {books[kind].name} in {measure((*DULY, *demo)).seconds:.1f} s", flush=True)

    hand = min(by_hand(books["parquet"]) for _ in range(3))
    print(f"{'by hand in DuckDB SQL':<28}{hand:8.2f} s", flush=True)
    for kind, book in books.items():
        run = measure((*DULY, "plan", POLICY, str(book), "--as-of", str(DAY)))
        show(f"duly plan, {kind}", run, hand, "by hand")
    customer = a_customer(books["parquet"])
    run = measure((*DULY, "explain", POLICY, str(books["parquet"]), customer, "--as-of", str(DAY)))
    show("duly explain, parquet", run, hand, "by hand")

    bare = min(measure((sys.executable, "-c", "pass")) for _ in range(10))
    show("duly --help", min(measure((*DULY, "--help")) for _ in range(10)), bare.seconds, "a bare interpreter start")
    review(options.folder)


if __name__ == "__main__":
    main()
