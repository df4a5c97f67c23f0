import pytest

from cmr_ssl.pages.flaws import read_flaws


def test_findings_of_qc_and_suspect_planes_of_inspect_join(tmp_path):
    qc, inspection = tmp_path / "findings.csv", tmp_path / "inspection.csv"
    qc.write_text("subject,view,slice,code,severity,decision,value,message\n1,sa,3,blank,repaired,accept,1,is blank\n")
    inspection.write_text(
        "subject,plane,flaw_score,suspect,why,problem\n1,sa 2,7.25,True,shifted by 6 mm,\n1,sa 3,1.0,False,,\n"
    )
    found = read_flaws(qc, inspection)
    assert found == {"1": [("repaired", "sa 3: is blank"), ("flaw", "sa 2: shifted by 6 mm (flaw score 7.2)")]}
    assert read_flaws(None, None) == {}


def test_another_table_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("subject,x\n")
    with pytest.raises(ValueError, match=r"has no column severity and message and view"):
        read_flaws(tmp_path / "a.csv", None)
    with pytest.raises(FileNotFoundError, match="check its name"):
        read_flaws(None, tmp_path / "b.csv")
    (tmp_path / "c.csv").write_bytes(b"PAR1\x88\x00")
    with pytest.raises(ValueError, match=r"c\.csv is no table of texts"):
        read_flaws(tmp_path / "c.csv", None)
    (tmp_path / "d.csv").write_text("subject,plane,flaw_score,suspect,why\n1,sa 2,high,True,\n")
    with pytest.raises(ValueError, match=r"d\.csv: flaw_score of 1 is 'high'"):
        read_flaws(None, tmp_path / "d.csv")
