import pytest

from cmr_ssl import demonstration
from cmr_ssl.commands.demo import demo


def test_a_demo_of_another_size_is_not_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.setattr(demonstration, "stages", lambda *_: [])
    assert [demo(tmp_path, quick=True) for _ in range(2)] == [0, 0]
    with pytest.raises(ValueError, match="holds a demo of another size"):
        demo(tmp_path)
