"""Tables of patients: fields described by a small YAML, read as what they are, with nothing imputed."""

from cmr_ssl.tables.fields import Category, Day, Fields, Number, YesNo

__all__ = ("Category", "Day", "Fields", "Number", "YesNo")
