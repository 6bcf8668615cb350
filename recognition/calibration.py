"""Calibration: what a score is worth as evidence."""

from collections.abc import Mapping

from comparators.recognition.isotonic_calibration import IsotonicCalibration
from comparators.recognition.logistic_calibration import LogisticCalibration

Calibration = LogisticCalibration | IsotonicCalibration


def calibration_from_dict(fields: Mapping) -> Calibration:
    """Makes a calibration of the kind that a dict names.

    Args:
        fields: what `to_dict` of a calibration returned.

    Returns:
        The calibration.

    Raises:
        ValueError: if the kind is unknown.

    Example:
        >>> type(calibration_from_dict(LogisticCalibration().to_dict())).__name__
        'LogisticCalibration'
    """
    kinds = {"logistic": LogisticCalibration, "isotonic": IsotonicCalibration}
    if fields.get("kind") not in kinds:
        raise ValueError(f"A calibration is of kind {' or '.join(kinds)}. Received: kind={fields.get('kind')!r}.")
    return kinds[fields["kind"]].from_dict(fields)
