from cmr_ssl.cli import main
from tests import studies


def test_a_folder_of_somebody_else_is_left_alone(tmp_path, capsys):
    studies.write_study(tmp_path / "source", studies.study(("sa",), subject="900000001", frames=8, frame_ms=110.0))
    theirs = tmp_path / "bids" / "sub-900000001" / "anat.nii.gz"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"theirs")
    assert main(["bids", "--source", str(tmp_path / "source"), "--out", str(tmp_path / "bids")]) == 1
    assert "holds something else" in capsys.readouterr().err
    assert theirs.read_bytes() == b"theirs"
