import errno
import json
import os
import signal
import threading
from socket import gethostname

import pytest
from filelock import FileLock

from cmr_ssl.lock import HOLDER, LOCK, Holder, exclusive_access, read_holder, writing


def test_who_writes_is_written_down_and_gone_afterwards(tmp_path):
    with exclusive_access(tmp_path / "new", "a"):
        holder = read_holder(tmp_path / "new")
        assert holder is not None
        assert (holder.process, holder.settings) == (os.getpid(), "a")
    assert read_holder(tmp_path / "new") is None


def test_another_command_with_other_settings_is_refused_by_host_and_process(tmp_path):
    with (
        exclusive_access(tmp_path, "a"),
        pytest.raises(ValueError, match=f"written by process {os.getpid()} on .*other --out"),
        exclusive_access(tmp_path, "b"),
    ):
        pytest.fail("two commands wrote at once")
    with exclusive_access(tmp_path, "b"):
        pass


def test_another_command_with_the_same_settings_waits(tmp_path, capsys):
    order = []

    def second():
        with exclusive_access(tmp_path, "a"):
            order.append("second")

    with exclusive_access(tmp_path, "a"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.5)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]
    assert capsys.readouterr().err.count("Waiting for process") == 1


def test_the_lock_of_a_killed_command_is_free(tmp_path):
    child = os.fork()
    if child == 0:
        with exclusive_access(tmp_path, "a"):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert read_holder(tmp_path).process == child
    with exclusive_access(tmp_path, "b"):
        assert read_holder(tmp_path).settings == "b"


def test_what_a_killed_command_started_may_hold_its_lock_for_a_moment(tmp_path):
    dead = os.fork()
    if dead == 0:
        os._exit(0)
    os.waitpid(dead, 0)
    orphan = FileLock(tmp_path / LOCK, thread_local=False)
    orphan.acquire()
    (tmp_path / HOLDER).write_text(json.dumps(Holder(gethostname(), dead, "a")._asdict()))
    threading.Timer(0.3, orphan.release).start()
    with exclusive_access(tmp_path, "b"):
        assert read_holder(tmp_path).settings == "b"


def test_who_writes_to_a_folder_now_can_be_told_without_disturbing(tmp_path):
    assert writing(tmp_path) is None
    with exclusive_access(tmp_path, "a"):
        assert writing(tmp_path) == read_holder(tmp_path)
    assert writing(tmp_path) is None
    assert writing(tmp_path / "nowhere") is None


@pytest.mark.parametrize("left", ["", "{", json.dumps({"host": "here"}), json.dumps(Holder("gone", 1, "x")._asdict())])
def test_whatever_stands_in_a_lock_that_nobody_holds_is_of_no_matter(tmp_path, left):
    (tmp_path / HOLDER).write_text(left)
    (tmp_path / LOCK).write_text(left)
    with exclusive_access(tmp_path, "a"):
        assert read_holder(tmp_path).settings == "a"


@pytest.mark.parametrize("error", [NotImplementedError(), OSError(errno.ENOLCK, "no locks")])
def test_a_file_system_without_locks_is_said_and_used_and_one_that_fails_stops(tmp_path, monkeypatch, capsys, error):
    def fail(failure):
        raise failure

    monkeypatch.setattr(FileLock, "acquire", lambda *_, **__: fail(error))
    with exclusive_access(tmp_path, "a"):
        pass
    assert "without locks" in capsys.readouterr().err
    monkeypatch.setattr(FileLock, "acquire", lambda *_, **__: fail(OSError(errno.EIO, "Input/output error")))
    with pytest.raises(OSError, match="Input/output error"), exclusive_access(tmp_path, "a"):
        pytest.fail("the lock was not taken")
