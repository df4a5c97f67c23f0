import numpy as np

from cmr_ssl.tables import Category, Fields, Number, YesNo
from cmr_ssl.tables.design import design_matrix, design_names

FIELDS = Fields([Number("Age")], [YesNo("Ill")], [Category("Kind", classes=["a", "b", "c"])])


def test_a_category_has_a_column_for_each_class_but_the_first_and_unknown_stays_so():
    assert design_names(FIELDS) == ["Age", "Ill", "Kind: b", "Kind: c"]
    values = np.array([[50, 1, 0], [60, 0, 2], [np.nan, 1, np.nan]], np.float32)
    expected = [[50, 1, 0, 0], [60, 0, 0, 1], [np.nan, 1, np.nan, np.nan]]
    np.testing.assert_array_equal(design_matrix(FIELDS, values), np.array(expected, np.float32))
    assert design_matrix(Fields(), np.zeros((3, 0), np.float32)).shape == (3, 0)
