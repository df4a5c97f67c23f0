from cmr_ssl import anatomy
from cmr_ssl.anatomy import CLASSES, UNLABELLED


def test_every_class_has_a_name_and_none_is_the_mark_of_unlabelled_pixels():
    numbers = [getattr(anatomy, name.upper()) for name in CLASSES]
    assert numbers == list(range(len(CLASSES)))
    assert UNLABELLED not in numbers
