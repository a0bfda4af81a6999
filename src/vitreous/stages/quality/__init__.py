"""A verdict on each micrograph, with reasons."""

from vitreous.stages.quality.assess import assess
from vitreous.stages.quality.session import ice_thickness, outliers, thick
from vitreous.stages.quality.verdict import GRADES, Grade, Reason, Regions, Verdict, worst

__all__ = ["GRADES", "Grade", "Reason", "Regions", "Verdict", "assess", "ice_thickness", "outliers", "thick", "worst"]
