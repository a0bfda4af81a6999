"""Maps against atomic models: how alike they are, where not, and what that says of either."""

from vitreous.stages.model.compare import ModelComparison, compare
from vitreous.stages.model.correlations import Correlations, correlations
from vitreous.stages.model.cutoffs import MostSimilar, d_99, most_similar
from vitreous.stages.model.decisions import Decision, decisions
from vitreous.stages.model.ensemble import fit_variability
from vitreous.stages.model.fit import RigidFit, rigid_fit
from vitreous.stages.model.hand import HandAgainstModel, hand_against_model
from vitreous.stages.model.helices import HelixHands, hands_of_helices, judge_hand_of_helices
from vitreous.stages.model.judge import figures, judge_model
from vitreous.stages.model.model_fsc import ModelFsc
from vitreous.stages.model.q_score import QScores, expected_q, q_scores
from vitreous.stages.model.scale import Magnification, magnification
from vitreous.stages.model.segments import Segment, displaced_z, segments
from vitreous.stages.model.side_chains import SideChains, side_chains

__all__ = [
    "Correlations",
    "Decision",
    "HandAgainstModel",
    "HelixHands",
    "Magnification",
    "ModelComparison",
    "ModelFsc",
    "MostSimilar",
    "QScores",
    "RigidFit",
    "Segment",
    "SideChains",
    "compare",
    "correlations",
    "d_99",
    "decisions",
    "displaced_z",
    "expected_q",
    "figures",
    "fit_variability",
    "hand_against_model",
    "hands_of_helices",
    "judge_hand_of_helices",
    "judge_model",
    "magnification",
    "most_similar",
    "q_scores",
    "rigid_fit",
    "segments",
    "side_chains",
]
