import errno
import os
import signal
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from cmr_ssl.journal import Journal, Record
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Job, Shard, Steps, go_over
from cmr_ssl.workers import Workers

pytestmark = pytest.mark.usefixtures("forked")
NAMES = ("a", "b", "c")


@dataclass(frozen=True)
class Source:
    """Subjects that read as their own names; what was asked for stands in a file, which workers share."""

    log: Path
    version: str = "1"
    error: BaseException | None = None
    changes: bool = False

    def fingerprint(self, subject):
        changed = self.changes and subject == "b" and "b" in asked(self.log)
        return f"{self.version}{changed}"

    def read(self, subject):
        with self.log.open("a") as log:
            log.write(subject)
        if subject == "b" and self.error:
            raise self.error
        if subject == "kills":
            os.kill(os.getpid(), signal.SIGKILL)
        return subject.upper()


def asked(log):
    """Return the subjects that were read since somebody asked."""
    return log.read_text() if log.is_file() else ""


def work(out, error, subject, text):
    if error and subject == "b":
        raise error
    (out / subject).write_text(text)
    return Record(subject, "accepted", rows=[{"text": text}])


def run(out, names=NAMES, settings="s", workers=1, fails=None, shard=None, overwrite=False, table=None, **source):
    """Go over subjects and return the exit status, what was read, and what the journal says."""
    log = out.parent / "log"
    log.unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    shard = shard or Shard()
    shard.folder(out).mkdir(exist_ok=True)
    journal = shard.journal(out, settings)
    with Tally("working", out, len(names)) as tally:
        steps = Steps(Source(log, **source), partial(work, out, fails), settings, out)
        made = lambda subject: [out / subject]  # noqa: E731
        go_over(shard.part(names), steps, journal, tally, made, Workers(workers), overwrite, table)
    return tally.status, "".join(sorted(asked(log))), {one.subject: one for one in journal.records()}


def test_several_workers_do_what_one_does(tmp_path):
    alone, together = (run(tmp_path / str(workers) / "out", workers=workers) for workers in (1, 2))
    assert alone == together
    assert run(tmp_path / "2" / "out", workers=2)[:2] == (0, "")


def test_what_is_done_is_left_and_what_is_new_or_changed_or_lost_is_done(tmp_path):
    out = tmp_path / "out"
    again = partial(run, out)
    status, read, records = again(("a", "b"))
    assert (status, read) == (0, "ab")
    assert records["a"] == Record("a", "accepted", "s", "1False", rows=[{"text": "A"}])
    assert again(("a", "b"))[:2] == (0, "")
    assert again()[1] == "c"
    (out / "b").unlink()
    assert again()[1] == "b"
    assert again(version="2")[1] == "abc"
    assert again(version="2", settings="t")[1] == "abc"
    assert again(version="2", settings="t", overwrite=True)[1] == "abc"
    assert again(version="2", settings="t")[1] == ""


@pytest.mark.parametrize(
    ("fault", "why", "workers"),
    [
        ({"error": OSError(errno.EIO, os.strerror(errno.EIO), "b.nii")}, "b cannot be read", 1),
        ({"error": OSError(errno.EMFILE, os.strerror(errno.EMFILE))}, "b cannot be read", 2),
        ({"error": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))}, "b cannot be read", 1),
        ({"error": FileNotFoundError("gone")}, "b cannot be read", 1),
        ({"fails": OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))}, "out cannot be written", 2),
        ({"fails": OSError(errno.ESTALE, os.strerror(errno.ESTALE))}, "out cannot be written", 1),
    ],
)
def test_what_says_nothing_of_a_subject_stops_in_one_sentence_and_is_no_record(tmp_path, capsys, fault, why, workers):
    status, _, records = run(tmp_path / "out", workers=workers, **fault)
    said = capsys.readouterr().err.replace("\n", "")
    assert status == 1
    assert "b" not in records
    assert said.count("Working stopped: ") == 1
    assert why in said
    assert "run the same command again" in said
    assert run(tmp_path / "out")[0] == 0


def test_a_killed_worker_stops_in_one_sentence_and_keeps_what_is_done(tmp_path, capsys):
    assert run(tmp_path / "out", ("a", "kills"), workers=2)[0] == 1
    assert "a worker process was killed" in capsys.readouterr().err


def test_somebody_may_interrupt(tmp_path, capsys):
    status, read, records = run(tmp_path / "out", error=KeyboardInterrupt())
    assert (status, read, {*records}) == (1, "ab", {"a"})
    assert "Working stopped: interrupted" in capsys.readouterr().err
    assert run(tmp_path / "out")[1] == "bc"


@pytest.mark.parametrize("where", ["error", "fails"])
def test_whatever_is_wrong_with_a_subject_is_its_reason_and_is_not_tried_again(tmp_path, where):
    status, _, records = run(tmp_path / "out", **{where: ZeroDivisionError("of the reader")})
    assert status == 0
    assert records["b"].problem == "unexpected ZeroDivisionError: of the reader"
    assert run(tmp_path / "out")[1] == ""


@pytest.mark.parametrize(
    ("fault", "why"),
    [({"error": MemoryError()}, "memory"), ({"fails": MemoryError()}, "memory"), ({"changes": True}, "changed")],
)
def test_what_may_be_better_next_time_is_tried_again(tmp_path, fault, why):
    assert why in run(tmp_path / "out", **fault)[2]["b"].problem
    assert run(tmp_path / "out")[:2] == (0, "b")


def test_a_subject_over_which_a_cluster_lost_workers_is_tried_again(tmp_path):
    record = Steps(Source(tmp_path), work, "s", tmp_path).lost(Job("b", "1"))
    assert (record.fingerprint, record.status) == ("", "rejected")


def test_a_torn_line_is_a_subject_that_is_done_again(tmp_path):
    run(tmp_path / "out")
    journal = Shard().journal(tmp_path / "out", "s").path
    journal.write_text(journal.read_text()[:-20])
    status, read, records = run(tmp_path / "out")
    assert (status, read, sorted(records)) == (0, "c", [*NAMES])


def test_parts_share_the_work_and_know_of_each_other(tmp_path):
    for number, read in enumerate(("ac", "b")):
        assert run(tmp_path / "out", shard=Shard(number, 2))[1] == read
    assert run(tmp_path / "out")[1:] == ("", run(tmp_path / "out")[2])
    assert {*run(tmp_path / "out")[2]} == {*NAMES}
    for number, of in ((2, 2), (-1, 1)):
        with pytest.raises(ValueError, match="there is no shard"):
            Shard(number, of).part(NAMES)


def test_tables_made_otherwise_are_replaced_only_where_asked(tmp_path):
    table = tmp_path / "table.csv"
    assert run(tmp_path / "out", table=table)[0] == 0
    table.write_text("a table")
    assert run(tmp_path / "out", table=table)[:2] == (0, "")
    with pytest.raises(ValueError, match="--overwrite"):
        run(tmp_path / "out", settings="t", table=table)
    assert run(tmp_path / "out", settings="t", table=table, overwrite=True)[:2] == (0, "abc")


def test_a_run_that_writes_nothing_remembers_for_itself():
    journal = Journal(None, "s")
    assert journal.open() == {}
    journal.add(Record("a", "accepted"))
    journal.add(Record("b", "accepted"))
    assert journal.latest(["b", "a", "x"]) == [Record("b", "accepted"), Record("a", "accepted")]
