import json

from monai.data import load_decathlon_datalist

from cmr_ssl.export.case_lists import Case, dataset, decathlon, nnunet_splits

CASES = [Case("1_frame00", "train"), Case("1_frame07", "train"), Case("2_frame00", "val"), Case("3_frame01", "test")]
NUMBERS = {"background": 0, "LV": 1, "ignore": 2}


def test_nnunet_counts_both_its_splits_and_names_cases_without_channel():
    assert dataset("D", CASES, NUMBERS)["numTraining"] == 3
    assert nnunet_splits(CASES) == [{"train": ["1_frame00", "1_frame07"], "val": ["2_frame00"]}]
    assert CASES[0].image == "imagesTr/1_frame00_0000.nii.gz"
    assert CASES[3].labels == "labelsTs/3_frame01.nii.gz"


def test_monai_reads_the_lists_with_paths_beside_the_file(tmp_path):
    path = tmp_path / "decathlon.json"
    path.write_text(json.dumps(decathlon("D", CASES, NUMBERS)))
    read = load_decathlon_datalist(path, is_segmentation=True, data_list_key="validation")
    assert read == [{"image": str(tmp_path / CASES[2].image), "label": str(tmp_path / CASES[2].labels)}]
