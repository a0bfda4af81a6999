"""Finding particles in micrographs: where (t) a copy of the particle sits, before anything else is known of it."""

from vitreous.stages.picking.blobs import pick_blobs
from vitreous.stages.picking.metrics import Agreement, agreement, match_picks, roc_auc
from vitreous.stages.picking.params import PickParams
from vitreous.stages.picking.picks import Picks
from vitreous.stages.picking.templates import pick_templates

__all__ = ["Agreement", "PickParams", "Picks", "agreement", "match_picks", "pick_blobs", "pick_templates", "roc_auc"]
